/* The steps of an attempt or of a test.  Facts, sentences and names in certificates were partly said
 * by strangers: they are shown as text. */
import type { Step } from "../../api/types";
import { duration } from "../../base/format";
import { known, t } from "../../base/i18n";
import { told } from "../../base/told";
import { Icon } from "../../kit/icon";
import { Facts } from "../../kit/facts";
import { Foreign } from "../../kit/text";

export function stepName(step: string): string {
  return known(`step.${step}`) ?? step;
}

export function Steps({ steps, label }: { steps: Step[]; label: string }) {
  return (
    <ol class="steps" aria-label={label}>
      {steps.map((step, i) => (
        <li key={i} class={step.state}>
          <StepLine step={step} />
        </li>
      ))}
    </ol>
  );
}

function StepLine({ step }: { step: Step }) {
  return (
    <>
      <p class="step-head">
        <span class="state">
          <Icon name={step.state} />
          <span class="unseen">{t(`state.${step.state}`)}</span>
        </span>{" "}
        <strong>{stepName(step.step)}</strong> <small>{duration(step.ms)}</small>
      </p>
      {step.sentence && (
        <p>
          <Foreign text={told("reason", step.reason, step.sentence)} />
        </p>
      )}
      <Advice of={step} />
      {Object.keys(step.facts).length > 0 && (
        <details>
          <summary>{t("step.facts")}</summary>
          <Facts of={step.facts} />
        </details>
      )}
    </>
  );
}

/* What to do about it, where the server knows. */
export function Advice({ of }: { of: Pick<Step, "reason" | "advice"> }) {
  if (!of.advice) return null;
  return (
    <p class="advice">
      <strong>{t("step.advice")}</strong> <Foreign text={told("advice", of.reason, of.advice)} />
    </p>
  );
}
