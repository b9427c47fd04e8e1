/* Which state is which on the other side: a list of pairs, in the order in which they count. */
import { t, tn } from "../../base/i18n";
import { Button } from "../../kit/button";
import { Refusal } from "../../kit/field";
import { moved, pairsOf, textOfPairs, type Pair } from "./draft";

const SHOWS = ["", "chat", "away", "xa", "dnd"];

function Part(props: {
  label: string;
  value: string;
  isShow: boolean;
  disabled: boolean;
  onChange: (value: string) => void;
}) {
  if (!props.isShow)
    return (
      <input
        type="text"
        aria-label={props.label}
        spellcheck={false}
        disabled={props.disabled}
        value={props.value}
        onInput={(event) => props.onChange(event.currentTarget.value.replace(/[=,\n]/g, ""))}
      />
    );
  const shows = SHOWS.includes(props.value) ? SHOWS : [...SHOWS, props.value];
  return (
    <select
      aria-label={props.label}
      disabled={props.disabled}
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    >
      {shows.map((one) => (
        <option key={one} value={one} selected={one === props.value}>
          {one || t("states.available")}
        </option>
      ))}
    </select>
  );
}

export function StatesField(props: {
  name: string;
  label: string;
  help: string;
  refusal: string | undefined;
  showFirst: boolean; /* SHOW=ACTIVITY */
  value: string;
  disabled: boolean;
  onChange: (value: string) => void;
}) {
  const { showFirst, disabled } = props;
  const pairs = pairsOf(props.value);
  const put = (next: Pair[]) => props.onChange(textOfPairs(next));
  const titles = [t("states.activity"), t("states.show")];
  if (showFirst) titles.reverse();
  const change = (i: number, part: 0 | 1, text: string) =>
    put(pairs.map((pair, at) => (at !== i ? pair : part === 0 ? [text, pair[1]] : [pair[0], text])));
  return (
    <details class="states" data-field={props.name} open={!!props.refusal}>
      <summary>
        {props.label} <small>{tn("states.count", pairs.length)}</small>
      </summary>
      <p>
        <small>{props.help}</small>
      </p>
      <Refusal id={`${props.name}-refusal`} text={props.refusal} />
      <ol>
        {pairs.map(([left, right], i) => (
          <li key={i}>
            <Part
              label={`${titles[0]} ${i + 1}`}
              value={left}
              isShow={showFirst}
              disabled={disabled}
              onChange={(text) => change(i, 0, text)}
            />
            <span aria-hidden="true">→</span>
            <Part
              label={`${titles[1]} ${i + 1}`}
              value={right}
              isShow={!showFirst}
              disabled={disabled}
              onChange={(text) => change(i, 1, text)}
            />
            {!disabled && (
              <span class="actions">
                <Button kind="quiet" icon="up" disabled={i === 0} label={t("states.up", { name: left })} onClick={() => put(moved(pairs, i, -1))} />
                <Button kind="quiet" icon="down" disabled={i === pairs.length - 1} label={t("states.down", { name: left })} onClick={() => put(moved(pairs, i, 1))} />
                <Button kind="quiet" icon="remove" label={t("states.remove", { name: left })} onClick={() => put(pairs.filter((_, at) => at !== i))} />
              </span>
            )}
          </li>
        ))}
      </ol>
      {!disabled && (
        <Button icon="add" onClick={() => put([...pairs, showFirst ? ["away", ""] : ["", "away"]])}>
          {t("states.add")}
        </Button>
      )}
    </details>
  );
}
