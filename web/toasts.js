// Short messages in the corner, read out by screen readers.
import { h, icon } from './dom.js';

const LIMIT = 4;
const SHOWN_MS = 4_500;

const ICONS = { good: 'check', bad: 'alert', plain: 'info' };

/** Messages about the cart: only the latest is worth showing, and none on the cart's own page. */
export const CART_TOPIC = 'cart';

/** Removes the messages of a topic. */
export const dismiss = (topic) => document.querySelectorAll(`#toasts [data-topic="${topic}"]`).forEach((el) => el.remove());

/**
 * Shows a message. `tone` is `good`, `bad` or `plain`; `link` (`{href, text}`) is optional. One with a `topic` replaces
 * the earlier ones of that topic; else the oldest gives way to a fifth.
 */
export function toast({ tone = 'plain', title, text, link, topic = '' }) {
  if (topic) dismiss(topic);
  const region = document.getElementById('toasts');
  const close = () => el.remove();
  const el = h(
    'div',
    { class: 'toast', data: { tone, topic } },
    h('span', { class: 'toast-icon' }, icon(ICONS[tone])),
    h(
      'div',
      { class: 'toast-body' },
      h('strong', {}, title),
      text && h('p', {}, text),
      link && h('a', { href: link.href, on: { click: close } }, link.text),
    ),
    h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Dismiss', on: { click: close } }, icon('close')),
  );
  // Reading takes as long as it takes: the clock stands still under the pointer and while something inside has the focus.
  let timer = setTimeout(close, SHOWN_MS);
  const hold = () => clearTimeout(timer);
  const release = () => {
    clearTimeout(timer);
    timer = setTimeout(close, SHOWN_MS);
  };
  el.addEventListener('pointerenter', hold);
  el.addEventListener('pointerleave', release);
  el.addEventListener('focusin', hold);
  el.addEventListener('focusout', release);
  region.append(el);
  while (region.children.length > LIMIT) region.firstElementChild.remove();
}
