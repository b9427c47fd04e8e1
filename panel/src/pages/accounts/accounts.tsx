/* The accounts of the panel: which there are, changing one, and taking it away. */
import { removeAccount, type Account } from "../../api/accounts";
import { t } from "../../base/i18n";
import { askAndDo } from "../../kit/act";
import { Button } from "../../kit/button";
import { Table, type Column } from "../../kit/table";
import { Foreign, Tag } from "../../kit/text";
import { Time } from "../../kit/time";

interface Props {
  rows: Account[];
  then: () => Promise<void>;
  onEdit: (account: Account) => void;
  onPassword: (account: Account) => void;
}

async function remove(one: Account, then: () => Promise<void>): Promise<void> {
  await askAndDo({
    title: t("remove.title", { name: one.name }),
    body: <p>{t("accounts.remove-text")}</p>,
    submit: t("remove.submit"),
    done: t("remove.done", { name: one.name }),
    act: () => removeAccount(one),
  });
  await then(); /* refused as well: it has been changed since it was read */
}

const facts: Column<Account>[] = [
  {
    title: "sign-in.account",
    kind: "name",
    by: (one) => one.name,
    cell: (one) => (
      <>
        <Foreign text={one.name} />
        {!one.enabled && <Tag>{t("partners.off")}</Tag>}
      </>
    ),
  },
  { title: "accounts.role", by: (one) => one.role, cell: (one) => t(`role-name.${one.role}`) },
  {
    title: "accounts.password-changed",
    by: (one) => one["password-changed"],
    cell: (one) => (
      <>
        <Time at={one["password-changed"]} />
        {one["must-change-password"] && <Tag>{t("accounts.must-change")}</Tag>}
      </>
    ),
  },
];

export function Accounts({ rows, then, onEdit, onPassword }: Props) {
  const buttons: Column<Account> = {
    title: "column.actions",
    kind: "buttons",
    cell: (one) => (
      <div class="actions">
        <Button label={t("partners.edit-of", { name: one.name })} onClick={() => onEdit(one)}>
          {t("partners.edit")}
        </Button>
        <Button
          label={t("accounts.password-of", { name: one.name })}
          onClick={() => onPassword(one)}
        >
          {t("password.new")}
        </Button>
        <Button
          kind="quiet"
          icon="remove"
          label={t("partners.remove-of", { name: one.name })}
          onClick={() => void remove(one, then)}
        />
      </div>
    ),
  };
  return (
    <Table
      caption={t("accounts.accounts")}
      columns={[...facts, buttons]}
      rows={rows}
      rowKey={(one) => one.name}
      first={{ column: 0, descending: false }}
      empty="–"
    />
  );
}
