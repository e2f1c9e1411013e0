// What surrounds every page: navigation, cart count, account, connection pill, and toasts about orders.
import { cart } from './cart.js';
import { fill, h, icon } from './dom.js';
import { session } from './session.js';
import { shop } from './shop.js';
import { toast } from './toasts.js';

const STATES = {
  connecting: ['Connecting', 'Connecting to live updates'],
  connected: ['Connected', 'Live updates are on'],
  reconnecting: ['Reconnecting', 'The connection was lost and is being restored'],
  polling: ['Offline: polling', 'Live updates are out of reach; order status is asked for every few seconds'],
};

const ENDINGS = {
  Completed: { tone: 'good', text: 'is completed' },
  Failed: { tone: 'bad', text: 'could not be completed' },
  Cancelled: { tone: 'plain', text: 'was cancelled' },
};

const by = (id) => document.getElementById(id);

function showConnection() {
  const pill = by('pill');
  pill.hidden = shop.state === null;
  if (pill.hidden) return;
  const [text, explanation] = STATES[shop.state];
  pill.dataset.state = shop.state;
  pill.title = explanation;
  by('pill-text').textContent = text;
}

function showCart() {
  const { count } = cart;
  by('cart-count').textContent = count > 99 ? '99+' : String(count);
  by('cart-count').hidden = count === 0;
  by('cart-link').setAttribute('aria-label', count === 0 ? 'Cart, empty' : `Cart, ${count} in it`);
}

function showAccount() {
  const { userId } = session;
  fill(
    by('account'),
    userId
      ? [
          h(
            'span',
            { class: 'avatar', title: userId, 'aria-label': `Signed in as ${userId}`, role: 'img' },
            userId.slice(0, 1).toUpperCase(),
          ),
          h(
            'button',
            {
              class: 'button button-small button-quiet',
              type: 'button',
              'aria-label': 'Sign out',
              on: { click: () => session.signOut() },
            },
            icon('out'),
            h('span', {}, 'Sign out'),
          ),
        ]
      : h('a', { class: 'button button-small', href: '#/sign-in' }, 'Sign in'),
  );
}

function onFinished({ detail: { orderId, status } }) {
  const { tone, text } = ENDINGS[status];
  toast({
    tone,
    title: orderId ? `Order ${orderId} ${text}` : `An order ${text}`,
    link: orderId && status !== 'Cancelled' ? { href: `#/orders/${orderId}`, text: 'View order' } : null,
  });
}

export const frame = {
  /** Wires the frame up; once per page load. */
  start() {
    cart.addEventListener('change', showCart);
    shop.addEventListener('state', showConnection);
    shop.addEventListener('finished', onFinished);
    showCart();
    showAccount();
    showConnection();
  },
  /** Marks the section a page belongs to. */
  show(section) {
    for (const link of document.querySelectorAll('[data-section]')) {
      if (link.dataset.section === section) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  },
  /** Shows who is signed in. */
  account: showAccount,
};
