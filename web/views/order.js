// One order, moving.
import { cancelOrder, getOrder } from '../api.js';
import { fill, h, icon } from '../dom.js';
import { formatInstant, formatMoney } from '../format.js';
import { progressLine, statusTag } from '../parts/progress.js';
import { emptyState, errorState, skeletons } from '../parts/states.js';
import { shop } from '../shop.js';
import { toast } from '../toasts.js';
import { isFinal, later } from '../tracker.js';

const NEXT = {
  Accepted: 'We have it. A worker will take it in a moment.',
  Processing: 'A worker is on it right now.',
  Completed: 'All done. Thank you for your order.',
  Failed: 'We could not complete this order. You can order again at any time.',
  Cancelled: 'You cancelled this order.',
};

/** Shows the order `id`. */
export function mount(el, id) {
  let order = null;
  let unmounted = false;
  const live = h('div', { class: 'order-live', 'aria-live': 'polite' });
  const cancel = h('button', { class: 'button button-small', type: 'button', on: { click: () => doCancel() } }, 'Cancel order');

  const drawStatus = () => {
    const { status } = later(order, shop.stateOf(order.correlationId));
    el.querySelector('.order-tag')?.replaceChildren(statusTag(status));
    fill(live, progressLine(status), h('p', { class: 'order-next' }, NEXT[status]));
    cancel.hidden = isFinal(status);
  };

  const load = async () => {
    fill(el, skeletons(1, 'skeleton-order'));
    try {
      order = await getOrder(id);
      if (unmounted) return;
      shop.seen([order]);
      fill(el, page(order, live, cancel));
      drawStatus();
    } catch (error) {
      if (unmounted) return;
      if (error.status === 404)
        fill(
          el,
          emptyState({
            symbol: 'box',
            title: 'No such order',
            text: 'It was cancelled, or it belongs to somebody else.',
            action: h('a', { class: 'button', href: '#/orders' }, 'Your orders'),
          }),
        );
      else fill(el, errorState(error, load));
    }
  };

  const doCancel = async () => {
    cancel.disabled = true;
    try {
      await cancelOrder(order.id);
      shop.cancelled({ ...order, ...later(order, shop.stateOf(order.correlationId)) });
    } catch (error) {
      toast({ tone: 'bad', title: 'Not cancelled', text: error.message });
    } finally {
      cancel.disabled = false;
    }
  };

  const onChange = ({ detail }) => {
    if (order && detail.correlationId === order.correlationId) drawStatus();
  };
  shop.addEventListener('change', onChange);
  load();
  return () => {
    unmounted = true;
    shop.removeEventListener('change', onChange);
  };
}

function page(order, live, cancel) {
  const total = order.items.reduce((sum, item) => sum + Math.round(item.unitPrice * 100) * item.quantity, 0) / 100;
  return h(
    'article',
    { class: 'order' },
    h('a', { class: 'back', href: '#/orders' }, icon('back'), 'All orders'),
    h(
      'div',
      { class: 'order-head' },
      h('h1', { tabindex: '-1' }, `Order ${order.id}`),
      h('span', { class: 'order-tag' }),
      cancel,
    ),
    h('p', { class: 'muted' }, formatInstant(order.createdAt)),
    h('section', { class: 'panel order-panel', 'aria-label': 'Status' }, live),
    h(
      'section',
      { class: 'panel receipt', 'aria-label': 'Items' },
      h(
        'ul',
        {},
        order.items.map((item) =>
          h(
            'li',
            {},
            h('img', { src: item.imageUrl, alt: '', width: 96, height: 72 }),
            h(
              'div',
              {},
              h('a', { href: `#/product/${encodeURIComponent(item.productId)}` }, item.productName),
              h('p', { class: 'muted' }, `${item.quantity} × ${formatMoney(item.unitPrice)}`),
            ),
            h('p', { class: 'cart-line-sum' }, formatMoney((Math.round(item.unitPrice * 100) * item.quantity) / 100)),
          ),
        ),
      ),
      h('p', { class: 'receipt-total' }, h('span', {}, 'Total'), h('strong', {}, formatMoney(total))),
      h('p', { class: 'muted small receipt-id' }, 'Reference ', h('code', {}, order.correlationId)),
    ),
  );
}
