/* Whom users block: looked at, lifted, and added to on a user's behalf. */
import { useState } from "preact/hooks";
import { block, unblock, type Block } from "../../api/contacts";
import { isAdministrator } from "../../api/session-state";
import { t } from "../../base/i18n";
import { doNow, FormDialog, useRefusals } from "../../kit/act";
import { Button } from "../../kit/button";
import { plainText, TextField } from "../../kit/field";
import { say } from "../../kit/notice";
import { Table, type Column } from "../../kit/table";
import { Foreign } from "../../kit/text";
import { Time } from "../../kit/time";

export function BlockTable({ rows, then }: { rows: Block[]; then: () => Promise<void> }) {
  const columns: Column<Block>[] = [
    {
      title: "contacts.user",
      kind: "name",
      by: (one) => one.user,
      cell: (one) => <Foreign text={one.user} />,
    },
    {
      title: "blocks.address",
      kind: "name",
      by: (one) => one.blocked,
      cell: (one) => <Foreign text={one.blocked} />,
    },
    { title: "stream.since", by: (one) => one.since, cell: (one) => <Time at={one.since} /> },
  ];
  const lift = async (one: Block) => {
    const act = () => unblock(one.user, one.blocked);
    if (await doNow({ title: t("blocks.lift"), done: t("blocks.lifted"), act })) await then();
  };
  if (isAdministrator.value)
    columns.push({
      title: "column.actions",
      kind: "buttons",
      cell: (one) => <Button onClick={() => void lift(one)}>{t("blocks.lift")}</Button>,
    });
  return (
    <Table
      caption={t("blocks.title")}
      columns={columns}
      rows={rows}
      rowKey={(one) => `${one.user} ${one.blocked}`}
      empty={t("blocks.none")}
    />
  );
}

export function NewBlock(props: { user: string; onClose: () => void; then: () => Promise<void> }) {
  const [user, setUser] = useState(props.user);
  const [address, setAddress] = useState("");
  const refusals = useRefusals(["user", "address"]);
  const submit = async () => {
    if (!user.trim()) return refusals.refuse("user", t("field.missing"));
    if (!address.trim()) return refusals.refuse("address", t("field.missing"));
    if (!(await refusals.send(() => block(user.trim(), address.trim())))) return;
    say(t("blocks.done"));
    props.onClose();
    await props.then();
  };
  return (
    <FormDialog title={t("contacts.block")} submit={t("contacts.block-one")} refusals={refusals} onSubmit={() => void submit()} onClose={props.onClose}>
      <TextField name="user" label={t("contacts.user")} required refusal={refusals.at("user")} value={user} onChange={setUser} input={plainText} />
      <TextField name="address" label={t("blocks.address")} help={t("blocks.address-help")} required refusal={refusals.at("address")} value={address} onChange={setAddress} input={plainText} />
    </FormDialog>
  );
}
