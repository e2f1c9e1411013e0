// The user's orders with their live status.
import { listOrders } from '../api.js';
import { fill, h, icon } from '../dom.js';
import { formatInstant, formatMoney, plural } from '../format.js';
import { progressLine, statusTag } from '../parts/progress.js';
import { emptyState, errorState, skeletons } from '../parts/states.js';
import { shop } from '../shop.js';
import { later } from '../tracker.js';

const PAGE_SIZE = 10;

/** Shows the orders. */
export function mount(el) {
  const list = h('div', { class: 'tickets' }, skeletons(3, 'skeleton-ticket'));
  const more = h(
    'button',
    { class: 'button', type: 'button', hidden: true, on: { click: () => load(next) } },
    'Show older orders',
  );
  fill(el, h('h1', { tabindex: '-1' }, 'Your orders'), list, h('div', { class: 'more' }, more));
  let orders = [];
  /** The cursor of the older ones; null when there are none. */
  let next = null;
  let unmounted = false;

  const draw = () => {
    if (orders.length === 0)
      fill(
        list,
        emptyState({
          symbol: 'box',
          title: 'No orders yet',
          text: 'Your first one will show up here and move as it is worked on.',
          action: h('a', { class: 'button', href: '#/' }, 'Find something'),
        }),
      );
    else fill(list, orders.map(ticket));
  };

  const load = async (after = '') => {
    more.disabled = true;
    try {
      const page = await listOrders(after, PAGE_SIZE);
      if (unmounted) return;
      const kept = after === '' ? [] : orders;
      const known = new Set(kept.map((order) => order.id));
      orders = [...kept, ...page.items.filter((order) => !known.has(order.id))];
      shop.seen(page.items);
      next = page.next;
      more.hidden = next === null;
      draw();
    } catch (error) {
      if (!unmounted && orders.length === 0)
        fill(
          list,
          errorState(error, () => load()),
        );
    } finally {
      more.disabled = false;
    }
  };

  const onChange = ({ detail }) => {
    const place = orders.findIndex((order) => order.correlationId === detail.correlationId);
    // Ordered in another tab: only the server knows what is in it.
    if (place < 0) return load();
    const { status, version } = later(orders[place], detail);
    orders[place] = { ...orders[place], status, version };
    list.children[place]?.replaceWith(ticket(orders[place]));
  };

  shop.addEventListener('change', onChange);
  load();
  return () => {
    unmounted = true;
    shop.removeEventListener('change', onChange);
  };
}

function ticket(order) {
  const { status } = later(order, shop.stateOf(order.correlationId));
  const pieces = order.items.reduce((sum, item) => sum + item.quantity, 0);
  const total = order.items.reduce((sum, item) => sum + Math.round(item.unitPrice * 100) * item.quantity, 0) / 100;
  return h(
    'article',
    { class: 'ticket', data: { order: order.id, status } },
    h(
      'div',
      { class: 'ticket-head' },
      h(
        'div',
        {},
        h('h2', {}, h('a', { class: 'card-link', href: `#/orders/${order.id}` }, `Order ${order.id}`)),
        h('p', { class: 'muted' }, formatInstant(order.createdAt)),
      ),
      statusTag(status),
    ),
    h(
      'div',
      { class: 'ticket-goods' },
      h(
        'div',
        { class: 'thumbs', 'aria-hidden': 'true' },
        order.items.slice(0, 4).map((item) => h('img', { src: item.imageUrl, alt: '', width: 64, height: 48, loading: 'lazy' })),
      ),
      h('p', {}, plural(pieces, 'item'), h('strong', {}, formatMoney(total))),
    ),
    progressLine(status),
    h('span', { class: 'ticket-go' }, icon('go')),
  );
}
