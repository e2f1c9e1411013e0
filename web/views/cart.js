// The cart and the checkout button.
import { ApiError } from '../api.js';
import { cart } from '../cart.js';
import { catalogue, toLine } from '../catalogue.js';
import { checkout } from '../checkout.js';
import { fill, h, icon } from '../dom.js';
import { formatMoney, plural } from '../format.js';
import { quantityField } from '../parts/quantity.js';
import { cartStockNote } from '../parts/stock.js';
import { emptyState } from '../parts/states.js';
import { session } from '../session.js';
import { shop } from '../shop.js';
import { CART_TOPIC, dismiss } from '../toasts.js';

/** Shows the cart. `go` opens another page. */
export function mount(el, _, go) {
  const body = h('div', { class: 'cart-body' });
  const problem = h('div', { class: 'form-problem', role: 'alert' });
  const button = h('button', { class: 'button button-main button-wide', type: 'button', on: { click: () => buy() } });
  dismiss(CART_TOPIC);
  let unmounted = false;
  let busy = false;
  fill(el, h('h1', { tabindex: '-1' }, 'Your cart'), body);

  const label = () => {
    button.disabled = busy;
    button.setAttribute('aria-busy', String(busy));
    fill(
      button,
      busy ? h('span', { class: 'spinner' }) : icon(session.userId ? 'check' : 'user'),
      busy ? 'Placing your order…' : session.userId ? `Place order · ${formatMoney(cart.total)}` : 'Sign in to order',
    );
  };

  const draw = () => {
    if (unmounted) return;
    const lines = cart.lines;
    label();
    if (lines.length === 0) {
      if (!busy)
        fill(
          body,
          emptyState({
            symbol: 'cart',
            title: 'Nothing in here yet',
            text: 'Things you add stay here, in every tab of this browser.',
            action: h('a', { class: 'button', href: '#/' }, 'Look around'),
          }),
        );
      return;
    }
    fill(
      body,
      h('ul', { class: 'cart-lines' }, lines.map(line)),
      h(
        'aside',
        { class: 'summary', 'aria-label': 'Summary' },
        h('h2', {}, 'Summary'),
        h(
          'dl',
          { class: 'sums' },
          h('div', {}, h('dt', {}, plural(cart.count, 'item')), h('dd', {}, formatMoney(cart.total))),
          h('div', {}, h('dt', {}, 'Delivery'), h('dd', {}, 'Free')),
          h('div', { class: 'sums-total' }, h('dt', {}, 'Total'), h('dd', {}, formatMoney(cart.total))),
        ),
        button,
        problem,
        h('p', { class: 'muted small' }, icon('pulse'), 'You will see the order move the moment it is placed.'),
      ),
    );
  };

  const buy = async () => {
    if (busy) return;
    if (!session.userId) return go('#/sign-in', { returnTo: '#/cart' });
    busy = true;
    fill(problem);
    label();
    try {
      const order = await checkout();
      shop.placed(order);
      busy = false;
      if (!unmounted) go(`#/orders/${order.id}`);
    } catch (error) {
      busy = false;
      if (!(error instanceof ApiError)) throw error;
      fill(problem, icon('alert'), h('span', {}, error.message));
      if (error.isShortage) refresh();
    } finally {
      draw();
    }
  };

  // Shows today's prices and stock; the server goes by those whatever is shown here.
  const refresh = () => {
    for (const { productId } of cart.lines)
      catalogue.refresh(productId).then(
        (product) => cart.refresh(toLine(product)),
        () => {},
      );
  };

  cart.addEventListener('change', draw);
  draw();
  refresh();
  return () => {
    unmounted = true;
    cart.removeEventListener('change', draw);
  };
}

function line(each) {
  return h(
    'li',
    { class: 'cart-line', data: { sku: each.productId } },
    h('img', { src: each.imageUrl, alt: '', width: 120, height: 90 }),
    h(
      'div',
      { class: 'cart-line-text' },
      h('a', { href: `#/product/${encodeURIComponent(each.productId)}` }, each.name),
      h('p', { class: 'muted' }, formatMoney(each.unitPrice), each.suffix ? ` ${each.suffix}` : ' each'),
      cartStockNote(each),
    ),
    quantityField({
      value: each.quantity,
      label: `Quantity of ${each.name}`,
      onChange: (quantity) => cart.set(each.productId, quantity),
    }),
    h('p', { class: 'cart-line-sum' }, formatMoney((Math.round(each.unitPrice * 100) * each.quantity) / 100)),
    h(
      'button',
      {
        class: 'icon-button',
        type: 'button',
        'aria-label': `Remove ${each.name}`,
        on: { click: () => cart.set(each.productId, 0) },
      },
      icon('trash'),
    ),
  );
}
