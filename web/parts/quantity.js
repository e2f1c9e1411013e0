// Minus, number, plus.
import { MAX_QUANTITY } from '../cart.js';
import { h, icon } from '../dom.js';

/** A quantity field; `onChange` gets whole numbers from `least` to `most`. */
export function quantityField({ value, least = 1, most = MAX_QUANTITY, label, onChange }) {
  const largest = Math.min(most, MAX_QUANTITY);
  const input = h('input', { type: 'number', inputmode: 'numeric', min: least, max: largest, value, 'aria-label': label });
  const apply = (next) => {
    const quantity = Math.min(largest, Math.max(least, Math.trunc(next) || least));
    input.value = quantity;
    onChange(quantity);
  };
  input.addEventListener('change', () => apply(Number(input.value)));
  const step = (by, name, text) =>
    h(
      'button',
      { type: 'button', class: 'icon-button', 'aria-label': text, on: { click: () => apply(Number(input.value) + by) } },
      icon(name),
    );
  return h(
    'div',
    { class: 'quantity', role: 'group', 'aria-label': label },
    step(-1, 'minus', 'One less'),
    input,
    step(1, 'plus', 'One more'),
  );
}
