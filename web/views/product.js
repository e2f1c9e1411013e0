// One product.
import { catalogue } from '../catalogue.js';
import { fill, h, icon } from '../dom.js';
import { addToCart } from '../parts/card.js';
import { price } from '../parts/price.js';
import { quantityField } from '../parts/quantity.js';
import { isSoldOut, stockNote } from '../parts/stock.js';
import { emptyState, errorState, skeletons } from '../parts/states.js';

/** Shows the product `sku`. */
export function mount(el, sku) {
  let unmounted = false;
  const load = async () => {
    fill(el, skeletons(1, 'skeleton-product'));
    try {
      const product = await catalogue.find(sku);
      if (unmounted) return;
      document.title = `${product.name} · Contoso Shop`;
      fill(el, page(product));
      // What was loaded a while ago may cost something else by now, or be sold out.
      const { price: priceShown, stock: stockShown } = product;
      const today = await catalogue.refresh(sku);
      if (!unmounted && (today.price !== priceShown || today.stock !== stockShown)) fill(el, page(today));
    } catch (error) {
      if (unmounted) return;
      if (error.status === 404)
        fill(
          el,
          emptyState({
            symbol: 'search',
            title: 'No such product',
            text: 'It may have been taken off the shelves.',
            action: h('a', { class: 'button', href: '#/' }, 'Back to the shop'),
          }),
        );
      else if (!el.querySelector('.product')) fill(el, errorState(error, load));
    }
  };
  load();
  return () => (unmounted = true);
}

function page(product) {
  let quantity = 1;
  return h(
    'article',
    { class: 'product' },
    h('a', { class: 'back', href: '#/' }, icon('back'), 'All products'),
    h(
      'div',
      { class: 'product-picture' },
      h('img', { src: product.imageUrl, alt: `Picture of ${product.name}`, width: 480, height: 360 }),
      product.discount > 0 && h('span', { class: 'flag' }, `${product.discount}% off`),
    ),
    h(
      'div',
      { class: 'product-text' },
      h('p', { class: 'muted' }, product.category),
      h('h1', { tabindex: '-1' }, product.name),
      h('p', { class: 'product-vendor' }, 'by ', product.vendor),
      price(product),
      stockNote(product),
      h(
        'div',
        { class: 'product-buy' },
        quantityField({ value: 1, most: product.stock || undefined, label: 'Quantity', onChange: (next) => (quantity = next) }),
        h(
          'button',
          { class: 'button button-main', type: 'button', disabled: isSoldOut(product), on: { click: () => addToCart(product, quantity) } },
          icon('cart'),
          'Add to cart',
        ),
      ),
      h(
        'dl',
        { class: 'facts' },
        fact('Item', product.externalProductId),
        fact(
          'Sold as',
          product.isSubscription
            ? `Subscription, billed ${product.billingPeriod === 'Annual' ? 'yearly' : 'monthly'}`
            : 'One-off purchase',
        ),
        fact('Order updates', 'Live, in every open tab'),
      ),
    ),
  );
}

const fact = (name, text) => h('div', {}, h('dt', {}, name), h('dd', {}, text));
