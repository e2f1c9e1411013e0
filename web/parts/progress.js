// The line an order travels: Accepted, Processing, Completed. It may also end as Failed or Cancelled.
import { h, icon } from '../dom.js';

const ROUTE = ['Accepted', 'Processing', 'Completed'];
const ENDS = { Failed: ['Accepted', 'Processing', 'Failed'], Cancelled: ['Accepted', 'Cancelled'] };
const MARKS = { Completed: 'check', Failed: 'close', Cancelled: 'close' };

/** The progress line for `status`. */
export function progressLine(status) {
  const route = ENDS[status] ?? ROUTE;
  const here = route.indexOf(status);
  return h(
    'ol',
    { class: 'progress', data: { status }, 'aria-label': 'Progress' },
    route.map((stop, index) => {
      const done = index < here || (index === here && stop === route.at(-1));
      return h(
        'li',
        {
          data: { stop: index < here ? 'passed' : index === here ? 'here' : 'ahead' },
          'aria-current': index === here ? 'step' : null,
        },
        h('span', { class: 'progress-dot' }, done && icon(MARKS[stop] ?? 'check')),
        h('span', { class: 'progress-name' }, stop),
      );
    }),
  );
}

const TONES = { Completed: 'good', Failed: 'bad', Cancelled: 'plain', Accepted: 'wait', Processing: 'busy' };

/** The status as a small label. */
export const statusTag = (status) => h('span', { class: 'tag', data: { tone: TONES[status] ?? 'plain', status } }, status);
