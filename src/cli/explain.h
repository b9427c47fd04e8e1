/* `causeway explain`: one row a command; each prints with the program's own functions what the
 * program would do.  Text by default; with --json one value on one line.  Status 0 when the
 * question could be answered (also when the answer is "no"), 2 on wrong usage with a sentence on
 * standard error. */
#ifndef CW_CLI_EXPLAIN_H
#define CW_CLI_EXPLAIN_H

/* argv[0] is the command's name ("jid"), the rest its arguments, --json among them. */
int cw_explain_negotiation(int argc, char **argv);
int cw_explain_jid(int argc, char **argv);
int cw_explain_sip(int argc, char **argv);
int cw_explain_certificate(int argc, char **argv);
int cw_explain_error(int argc, char **argv);
int cw_explain_dialback_key(int argc, char **argv);
int cw_explain_sip_message(int argc, char **argv);
int cw_explain_translate(int argc, char **argv);
int cw_explain_access(int argc, char **argv);

/* Dispatches `causeway explain COMMAND ...`; argv[0] is "explain". */
int cw_explain_main(int argc, char **argv);

#endif
