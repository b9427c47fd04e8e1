/* Help, written from the rows of the API's table. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "policy/settings.h"

static void print_arg(const struct cw_api_arg *arg)
{
    char name[64];
    snprintf(name, sizeof(name), "%s%s%s", arg->is_positional ? "" : "--", arg->name,
             arg->type == CW_ARG_SECRET ? "-file" : "");
    printf("  %-20s %s", name, arg->help);
    if (arg->type == CW_ARG_SECRET)
        printf(": its first line, - for standard input; asked for when left out");
    if (arg->range[0])
        printf("\n  %-20s   values: %s", "", arg->range);
    if (arg->fallback[0])
        printf("%sdefault of a new partner: %s",
               arg->range[0] ? "; " : "\n                         ", arg->fallback);
    putchar('\n');
}

static void print_setting(const struct cw_setting *row)
{
    printf("  --%s\n      %s", row->name, row->help);
    switch (row->type) {
    case CW_SETTING_NUMBER:
        printf(" %u..%u%s%s%s.", row->min, row->max, row->zero ? " or 0" : "",
               row->unit[0] ? " " : "", row->unit);
        break;
    case CW_SETTING_BOOL:
        printf(" true or false.");
        break;
    case CW_SETTING_SECRET:
        printf(" \"new\" generates one.");
        break;
    case CW_SETTING_NETWORKS:
    case CW_SETTING_STATES_IN:
    case CW_SETTING_STATES_OUT:
        printf(" Separated by commas.");
        break;
    }
    if (row->default_text[0])
        printf(" Default: %s.", row->default_text);
    putchar('\n');
}

void cw_help_command(const struct cw_api_command *command)
{
    printf("usage: causeway %s", command->name);
    for (size_t i = 0; i < command->n_args; i++)
        if (command->args[i].is_positional)
            printf(command->args[i].is_required ? " %s" : " [%s]", command->args[i].name);
    printf(" [options]\n\n%s.\n\n", command->summary);
    for (size_t i = 0; i < command->n_args; i++)
        print_arg(&command->args[i]);
    for (size_t i = 0; command->takes_settings && i < cw_setting_n; i++)
        print_setting(&cw_setting_rows[i]);
    puts("\n  --config             the configuration file");
    puts("  --json               the answer as one JSON value on one line");
    if (command->changes)
        puts("  --what-if            check all and show what would change, but save nothing");
    puts("  --help               this text");
}

bool cw_help_group(const char *word)
{
    size_t length = strlen(word);
    bool any = false;
    for (size_t i = 0; i < cw_api_n_commands(); i++) {
        const struct cw_api_command *command = cw_api_command_at(i);
        if (strncmp(command->name, word, length) != 0 || command->name[length] != ' ')
            continue;
        if (!any)
            printf("usage: causeway %s COMMAND [options]\n\n", word);
        any = true;
        printf("  %-18s %s\n", command->name, command->summary);
    }
    if (any)
        printf("\ncauseway %s COMMAND --help says more.\n", word);
    return any;
}
