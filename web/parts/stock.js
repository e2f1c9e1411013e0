// What is left of a product, when that is worth saying.
import { h } from '../dom.js';

/** Pieces from which on the page says how many are left. */
const FEW = 10;

/** Whether nothing is left; `null` stock cannot run out. */
export const isSoldOut = ({ stock }) => stock === 0;

const text = (stock) => (stock === 0 ? 'Sold out' : `Only ${stock} left`);

/** `Sold out` or `Only 3 left`; nothing while there is plenty. */
export const stockNote = ({ stock }) =>
  typeof stock === 'number' && stock <= FEW && h('p', { class: 'stock-note' }, text(stock));

/** The same for a cart line, with emphasis when it asks for more than there is. */
export const cartStockNote = ({ stock, quantity }) =>
  typeof stock === 'number' && quantity > stock
    ? h('p', { class: 'stock-note stock-short' }, text(stock))
    : stockNote({ stock });
