const money = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const moment = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

/** `12.5` → `$12.50`. */
export const formatMoney = (amount) => money.format(amount);

/** An ISO instant in the reader's time zone. */
export const formatInstant = (iso) => {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? '' : moment.format(at);
};

/** `/ month` or `/ year` for subscriptions, else nothing. */
export const billingSuffix = (product) => {
  if (!product.isSubscription) return '';
  return product.billingPeriod === 'Annual' ? '/ year' : '/ month';
};

/** `1 item`, `2 items`. */
export const plural = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`;
