// What is left of a product, when that is worth saying.
import { h } from '../dom.js';

/** Pieces from which on the page says how many are left. */
const FEW = 10;

/** Whether nothing is left; `null` stock cannot run out. */
export const isSoldOut = ({ stock }) => stock === 0;

/** `sold out` or `only 3 left`; nothing while there is plenty. */
export const stockText = ({ stock }) => {
  if (stock === 0) return 'Sold out';
  return typeof stock === 'number' && stock <= FEW ? `Only ${stock} left` : '';
};

/** The same as a line of text. */
export const stockNote = (product) => {
  const text = stockText(product);
  return text && h('p', { class: 'stock-note' }, text);
};
