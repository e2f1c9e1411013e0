// What a page shows instead of its contents.
import { h, icon } from '../dom.js';

/** Nothing here yet, and what to do about it. */
export const emptyState = ({ symbol, title, text, action }) =>
  h('div', { class: 'state' }, h('span', { class: 'state-symbol' }, icon(symbol)), h('h2', {}, title), h('p', {}, text), action);

/** Something failed; `retry` tries again. */
export const errorState = (error, retry) =>
  h(
    'div',
    { class: 'state', role: 'alert' },
    h('span', { class: 'state-symbol' }, icon('alert')),
    h('h2', {}, 'That did not work'),
    h('p', {}, error.message),
    retry && h('button', { class: 'button', type: 'button', on: { click: retry } }, 'Try again'),
  );

/** Grey shapes in the size of what is coming. */
export const skeletons = (count, kind) =>
  Array.from({ length: count }, () =>
    h('div', { class: `skeleton ${kind}`, 'aria-hidden': 'true' }, h('span'), h('span'), h('span')),
  );
