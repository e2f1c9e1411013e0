// The front page's opening: what is special about this shop is that an order can be watched.
import { h, icon } from '../dom.js';

const SHOWN = ['HP-410', 'KB-100', 'BK-900'];

/** The opening panel. */
export const hero = () =>
  h(
    'section',
    { class: 'hero' },
    h(
      'div',
      { class: 'hero-text' },
      h('h1', { tabindex: '-1' }, 'Order it. ', h('em', {}, 'Watch it happen.')),
      h(
        'p',
        {},
        'Good things for desk, kitchen and trail. Every order reports back live, in every open tab, from accepted to done.',
      ),
      h('a', { class: 'button button-sun', href: '#/orders' }, icon('pulse'), 'Follow your orders'),
    ),
    h(
      'div',
      { class: 'hero-pictures', 'aria-hidden': 'true' },
      SHOWN.map((sku) => h('img', { src: `/images/products/${sku}.svg`, alt: '', width: 480, height: 360 })),
    ),
  );
