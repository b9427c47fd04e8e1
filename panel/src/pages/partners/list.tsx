/* XMPP federated partners: the list, with what their streams do at this moment. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { listPartners } from "../../api/partners";
import { isAdministrator } from "../../api/session-state";
import type { Partner } from "../../api/types";
import { t, tn } from "../../base/i18n";
import { Button, ButtonLink } from "../../kit/button";
import { Loading, useLoad } from "../../kit/load";
import { Notice, say } from "../../kit/notice";
import { Page } from "../../kit/page";
import { NotWhole } from "../../kit/silent";
import { Foreign } from "../../kit/text";
import { useStates } from "./live";
import { removeThen } from "./remove";
import { endsSo, isLive, keepSame, sorted, type Order } from "./search";
import { PartnerTable } from "./table";

export function PartnerList() {
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState<Order>({ by: "domain", descending: false });
  const { list, refresh, busy } = usePartners(search);
  const states = useStates();
  const all = list.data?.items ?? [];
  const shown = useMemo(
    () => sorted(all.filter((one) => endsSo(one, search)), order, states.now),
    [all, search, order, isLive(order) ? states.now : null],
  );
  const refreshAll = async () => {
    await Promise.all([refresh(), states.refresh()]);
    say(t("partners.refreshed"));
  };
  return (
    <Page
      title={t("partners.title")}
      above={[t("nav.federation")]}
      actions={
        <>
          {isAdministrator.value && (
            <ButtonLink href="/new-partner" kind="primary" icon="add">
              {t("partners.new")}
            </ButtonLink>
          )}
          <Button icon="refresh" busy={busy} onClick={() => void refreshAll()}>
            {t("partners.refresh")}
          </Button>
        </>
      }
    >
      <Loading of={list} />
      {states.problem && (
        <Notice kind="warning">
          <Foreign text={t("partners.no-live", { why: states.problem })} />
        </Notice>
      )}
      <NotWhole of={states.told} />
      {list.data && (
        <>
          <Search value={search} onChange={setSearch} found={shown.length} of={all.length} />
          {shown.length === 0 ? (
            <Nobody search={search} onClear={() => setSearch("")} />
          ) : (
            <PartnerTable
              partners={shown}
              states={states.now}
              order={order}
              onOrder={setOrder}
              growKey={`${search} ${order.by} ${order.descending}`}
              onRemove={(partner) => void removeThen(partner, refresh)}
            />
          )}
        </>
      )}
    </Page>
  );
}

function Nobody({ search, onClear }: { search: string; onClear: () => void }) {
  if (search)
    return (
      <p class="empty">
        <Foreign text={t("partners.none-found", { text: search })} />{" "}
        <Button onClick={onClear}>{t("partners.clear")}</Button>
      </p>
    );
  return (
    <p class="empty">
      {t("partners.none")}{" "}
      {isAdministrator.value && (
        <>
          {t("partners.begin")} <a href="/transfer">{t("transfer.title")}</a>
        </>
      )}
    </p>
  );
}

function Search(props: {
  value: string;
  onChange: (text: string) => void;
  found: number;
  of: number;
}) {
  return (
    <div class="search">
      <label for="search">{t("partners.search")}</label>
      <input
        id="search"
        type="search"
        spellcheck={false}
        autocomplete="off"
        placeholder={t("partners.search-hint")}
        value={props.value}
        onInput={(event) => props.onChange(event.currentTarget.value)}
      />
      <span role="status" class="count">
        {props.value ? tn("partners.found", props.found) : tn("partners.count", props.of)}
      </span>
    </div>
  );
}

/* All partners, or of very many those that the server finds. */
function usePartners(search: string) {
  const [asked, setAsked] = useState("");
  const kept = useRef<Partner[]>([]);
  const list = useLoad(
    `partners ${asked}`,
    async () => {
      const found = await listPartners(asked);
      kept.current = keepSame(kept.current, found.items);
      return { items: kept.current, more: found.next !== null || asked !== "" };
    },
    ["partners"],
  );
  const more = list.data?.more ?? asked !== "";
  useEffect(() => {
    if (!more) return;
    const timer = setTimeout(() => setAsked(search.trim()), 250);
    return () => clearTimeout(timer);
  }, [search, more]);
  const last = useRef(list.data);
  if (list.data) last.current = list.data; /* while others are searched for */
  return { list: { ...list, data: list.data ?? last.current }, refresh: list.reload, busy: list.busy };
}
