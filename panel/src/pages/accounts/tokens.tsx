/* Tokens for scripts: which there are, and taking them away. */
import { removeToken, type Token } from "../../api/accounts";
import { t } from "../../base/i18n";
import { askAndDo } from "../../kit/act";
import { Button } from "../../kit/button";
import { Table, type Column } from "../../kit/table";
import { Foreign, Tag } from "../../kit/text";
import { Time } from "../../kit/time";

function when(at: string | null) {
  return at ? <Time at={at} /> : t("tokens.never");
}

export function Tokens({ rows, then }: { rows: Token[]; then: () => Promise<void> }) {
  const remove = async (one: Token) => {
    const done = await askAndDo({
      title: t("remove.title", { name: one.name }),
      body: <p>{t("tokens.remove-text")}</p>,
      submit: t("remove.submit"),
      done: t("remove.done", { name: one.name }),
      act: () => removeToken(one),
    });
    if (done) await then();
  };
  const columns: Column<Token>[] = [
    {
      title: "tokens.name",
      kind: "name",
      by: (one) => one.name,
      cell: (one) => <Foreign text={one.name} />,
    },
    { title: "accounts.role", by: (one) => one.role, cell: (one) => t(`role-name.${one.role}`) },
    { title: "tokens.since", by: (one) => one.since, cell: (one) => <Time at={one.since} /> },
    {
      title: "tokens.expires",
      by: (one) => one.expires ?? "9",
      cell: (one) => (
        <>
          {when(one.expires)}
          {one.expired && <Tag>{t("tokens.expired")}</Tag>}
        </>
      ),
    },
    { title: "tokens.used", by: (one) => one.used ?? "", cell: (one) => when(one.used) },
    {
      title: "column.actions",
      kind: "buttons",
      cell: (one) => (
        <Button
          kind="quiet"
          icon="remove"
          label={t("partners.remove-of", { name: one.name })}
          onClick={() => void remove(one)}
        />
      ),
    },
  ];
  return (
    <Table
      caption={t("tokens.title")}
      columns={columns}
      rows={rows}
      rowKey={(one) => String(one.id)}
      empty={t("tokens.none")}
    />
  );
}
