/** The filters above the list: status, name, and when an execution started. */
import { type TemplateResult, html, nothing } from 'lit';

import { statusWord } from './status-badge.ts';
import { type ListView, SINCE_HOURS } from './watch-location.ts';
import { STATUSES } from '../../messages/event-types.ts';

const SINCE_NAMES: Readonly<Record<string, string>> = {
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
};
/** The menu's value for a range between two times that the reader enters. */
const BETWEEN = 'between';

/** `onChange` is called with the whole view, which includes the changed filter. */
export function listFilters(view: ListView, onChange: (view: ListView) => void): TemplateResult {
  const { since: _since, from: _from, to: _to, ...withoutTime } = view;
  const isBetween = view.from !== undefined || view.to !== undefined;
  const toggle = (status: (typeof STATUSES)[number]) => () => {
    const { statuses } = view;
    const next = statuses.includes(status) ? statuses.filter((one) => one !== status) : [...statuses, status];
    onChange({ ...view, statuses: STATUSES.filter((one) => next.includes(one)) });
  };
  const chooseTime = ({ target }: Event): void => {
    // Safety: the listener is on a <select>.
    const { value } = target as HTMLSelectElement;
    if (value === BETWEEN) onChange({ ...withoutTime, from: localTime(Date.now() - 86_400_000) });
    else onChange({ ...withoutTime, ...(value !== '' && { since: value }) });
  };
  const enterTime =
    (name: 'from' | 'to') =>
    ({ target }: Event): void => {
      const { from, to } = view;
      // Safety: the listener is on this field.
      const times = { from, to, [name]: (target as HTMLInputElement).value || undefined };
      onChange({
        ...withoutTime,
        ...(times.from !== undefined && { from: times.from }),
        ...(times.to !== undefined && { to: times.to }),
      });
    };
  const timeField = (name: 'from' | 'to', label: string) =>
    html`<label class="field">
      <span>${label}</span>
      <input type="datetime-local" .value=${view[name] ?? ''} @change=${enterTime(name)} />
    </label>`;
  return html`<search class="filters">
    <fieldset>
      <legend>Status</legend>
      ${STATUSES.map(
        (status) =>
          html`<label class="chip" data-status=${status}>
            <input type="checkbox" .checked=${view.statuses.includes(status)} @change=${toggle(status)} />
            ${statusWord(status)}
          </label>`,
      )}
    </fieldset>
    <label class="field">
      <span>Name begins with</span>
      <input
        type="search"
        .value=${view.namePrefix}
        autocomplete="off"
        spellcheck="false"
        @change=${({ target }: Event) => {
          // Safety: the listener is on this field.
          onChange({ ...view, namePrefix: (target as HTMLInputElement).value.trim() });
        }}
      />
    </label>
    <label class="field">
      <span>Started</span>
      <select @change=${chooseTime}>
        <option value="" ?selected=${view.since === undefined && !isBetween}>Any time</option>
        ${Object.keys(SINCE_HOURS).map(
          (since) =>
            html`<option value=${since} ?selected=${view.since === since}>
              ${SINCE_NAMES[since] ?? since}
            </option>`,
        )}
        <option value=${BETWEEN} ?selected=${isBetween}>Between …</option>
      </select>
    </label>
    ${isBetween ? [timeField('from', 'From'), timeField('to', 'To')] : nothing}
  </search>`;
}

/** A time in the format of `datetime-local`: `2026-11-29T16:00`. */
function localTime(ms: number): string {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length);
}
