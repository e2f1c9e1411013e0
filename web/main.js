// Start-up, routes and the page's frame.
import { cart } from './cart.js';
import { keepCartInSync } from './cart-sync.js';
import { frame } from './frame.js';
import { session } from './session.js';
import { shop } from './shop.js';
import * as cartView from './views/cart.js';
import * as catalogueView from './views/catalogue.js';
import * as orderView from './views/order.js';
import * as ordersView from './views/orders.js';
import * as productView from './views/product.js';
import * as signInView from './views/sign-in.js';

const ROUTES = [
  { path: /^#?\/?$/, view: catalogueView, title: 'Contoso Shop', section: 'shop' },
  { path: /^#\/product\/([^/]+)$/, view: productView, title: 'Product', section: 'shop' },
  { path: /^#\/cart$/, view: cartView, title: 'Cart', section: 'cart' },
  { path: /^#\/sign-in$/, view: signInView, title: 'Sign in', section: 'account' },
  { path: /^#\/orders$/, view: ordersView, title: 'Orders', section: 'orders', signedIn: true },
  { path: /^#\/orders\/(\d+)$/, view: orderView, title: 'Order', section: 'orders', signedIn: true },
];

const page = document.getElementById('page');
const scrolledTo = new Map();
let unmount = () => {};
let shownHash = null;
let nextState = {};
let isForwards = false;
let isBackwards = false;

/** Opens a page; `state` is handed to it. */
function go(hash, state = {}) {
  nextState = state;
  isForwards = true;
  if (location.hash === hash) render();
  else location.hash = hash;
}

function render() {
  const state = nextState;
  nextState = {};
  const hash = location.hash;
  const isFirst = shownHash === null;
  const route = ROUTES.find(({ path }) => path.test(hash)) ?? ROUTES[0];
  if (route.signedIn && !session.userId) return replace('#/sign-in', { returnTo: hash, ...state });
  unmount();
  shownHash = hash;
  document.title = route.title === 'Contoso Shop' ? route.title : `${route.title} · Contoso Shop`;
  frame.show(route.section);
  const el = document.createElement('div');
  el.className = `view view-${route.section}`;
  page.replaceChildren(el);
  const argument = hash.match(route.path)?.[1];
  unmount = route.view.mount(el, argument && decode(argument), go, state);
  scrollTo(0, isBackwards ? (scrolledTo.get(hash) ?? 0) : 0);
  isBackwards = false;
  // Screen readers start at the new page's heading, not in the middle of nowhere.
  if (!isFirst) (el.querySelector('h1') ?? page).focus({ preventScroll: true });
}

function replace(hash, state) {
  nextState = state;
  history.replaceState(null, '', hash);
  render();
}

const decode = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

history.scrollRestoration = 'manual';
addEventListener('scroll', () => scrolledTo.set(shownHash, scrollY), { passive: true });
// A click or a call of `go` leads to a page's top; the browser's back and forward to where it was left.
addEventListener('click', (event) => (isForwards = Boolean(event.target.closest?.('a[href^="#"]'))), { capture: true });
addEventListener('hashchange', () => {
  isBackwards = !isForwards;
  isForwards = false;
  render();
});

session.addEventListener('signed-in', () => {
  shop.open();
  frame.account();
  // Another tab may have changed the user under a page that shows the former one's orders.
  if (!location.hash.startsWith('#/sign-in')) render();
});
session.addEventListener('signed-out', () => {
  shop.close({ forget: true });
  cart.forget();
  frame.account();
  go('#/');
});
session.addEventListener('expired', () => {
  shop.close();
  frame.account();
  if (!location.hash.startsWith('#/sign-in')) replace('#/sign-in', { returnTo: location.hash, expired: true });
});

document.querySelector('.skip').addEventListener('click', (event) => {
  // Its address would be taken for a page.
  event.preventDefault();
  page.focus();
});

frame.start();
if (session.userId) shop.open();
keepCartInSync();
render();
