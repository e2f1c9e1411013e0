// A product as the grid shows it.
import { cart } from '../cart.js';
import { toLine } from '../catalogue.js';
import { h, icon } from '../dom.js';
import { price } from './price.js';
import { isSoldOut, stockNote } from './stock.js';
import { CART_TOPIC, toast } from '../toasts.js';

/** Puts one piece into the cart and says so. */
export function addToCart(product, quantity = 1) {
  const done = cart.add(toLine(product), quantity);
  if (done) toast({ topic: CART_TOPIC, title: 'In your cart', text: product.name, link: { href: '#/cart', text: 'Open cart' } });
  else toast({ tone: 'bad', title: 'The cart is full', text: 'An order takes up to 100 different products.' });
}

/** One product with its picture, price and a button that puts it into the cart. */
export function productCard(product, { eager = false } = {}) {
  const href = `#/product/${encodeURIComponent(product.externalProductId)}`;
  return h(
    'article',
    { class: 'card' },
    h(
      'div',
      { class: 'card-picture' },
      h('img', { src: product.imageUrl, alt: '', width: 480, height: 360, loading: eager ? 'eager' : 'lazy', decoding: 'async' }),
      product.discount > 0 && h('span', { class: 'flag' }, `${product.discount}% off`),
    ),
    h(
      'div',
      { class: 'card-text' },
      h('h3', {}, h('a', { href, class: 'card-link' }, product.name)),
      h('p', { class: 'muted' }, product.vendor),
      stockNote(product),
      h(
        'div',
        { class: 'card-buy' },
        price(product),
        h(
          'button',
          {
            class: 'round-button',
            type: 'button',
            disabled: isSoldOut(product),
            'aria-label': `Add ${product.name} to cart`,
            on: { click: () => addToCart(product) },
          },
          icon('plus'),
        ),
      ),
    ),
  );
}
