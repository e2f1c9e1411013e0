// What a product costs, with what it cost before when it is discounted.
import { h } from '../dom.js';
import { billingSuffix, formatMoney } from '../format.js';

/** The price line of a product. */
export function price(product) {
  const suffix = billingSuffix(product);
  return h(
    'p',
    { class: 'price' },
    product.discount > 0 && h('s', {}, h('span', { class: 'visually-hidden' }, 'Before: '), formatMoney(product.listPrice)),
    h(
      'span',
      { class: 'price-now' },
      product.discount > 0 && h('span', { class: 'visually-hidden' }, 'Now: '),
      formatMoney(product.price),
    ),
    suffix && h('span', { class: 'price-suffix' }, suffix),
  );
}
