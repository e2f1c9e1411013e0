// How many are left, when that is worth saying. `stock` is missing or null for what cannot run out.
import { h } from '../dom.js';

const FEW = 5;

/** Whether none is left. */
export const isSoldOut = (product) => product.stock === 0;

/** `Only 3 left`, or nothing. */
export function stockNote(product) {
  const { stock } = product;
  if (typeof stock !== 'number' || stock > FEW) return null;
  const text = stock === 0 ? 'Sold out' : stock === 1 ? 'Last piece' : `Only ${stock} left`;
  return h('span', { class: 'stock-note' }, text);
}
