// Sign-in with a development token, or with a token brought along where the server issues none.
import { fill, h, icon } from '../dom.js';
import { NoDevelopmentTokens, session } from '../session.js';

/** Shows the sign-in form; goes to `state.returnTo` afterwards. */
export function mount(el, _, go, state = {}) {
  const problem = h('p', { class: 'form-problem', role: 'alert' });
  const user = h('input', {
    id: 'user',
    name: 'user',
    autocomplete: 'username',
    required: true,
    maxlength: 128,
    placeholder: 'alice',
    spellcheck: 'false',
    autocapitalize: 'none',
  });
  const token = h('textarea', { id: 'token', rows: 5, spellcheck: 'false', autocapitalize: 'none', placeholder: 'eyJhbGciOi…' });
  const submit = h('button', { class: 'button button-main button-wide', type: 'submit' }, 'Sign in');
  const byName = h(
    'div',
    { class: 'field' },
    h('label', { for: 'user' }, 'User'),
    user,
    h('p', { class: 'hint' }, 'This shop runs in development mode: any name signs you in.'),
  );
  const byToken = h(
    'div',
    { class: 'field', hidden: true },
    h('label', { for: 'token' }, 'Access token'),
    token,
    h('p', { class: 'hint' }, 'Paste a token of your identity provider; it stays in this browser until you sign out.'),
  );
  const swap = h('button', { class: 'link-button', type: 'button', on: { click: () => show(byToken.hidden) } });

  const show = (withToken) => {
    byToken.hidden = !withToken;
    byName.hidden = withToken;
    user.required = !withToken;
    token.required = withToken;
    swap.textContent = withToken ? 'Sign in by name instead' : 'Use an access token instead';
    fill(problem);
  };

  const onSubmit = async (event) => {
    event.preventDefault();
    fill(problem);
    submit.disabled = true;
    try {
      if (byToken.hidden) await session.signIn(user.value.trim());
      else session.adopt(token.value.trim());
      go(state.returnTo ?? '#/');
    } catch (error) {
      if (error instanceof NoDevelopmentTokens) {
        show(true);
        token.focus();
        fill(problem, icon('info'), 'This server issues no development tokens. Paste an access token instead.');
      } else
        fill(
          problem,
          icon('alert'),
          error.name === 'TimeoutError' || error instanceof TypeError
            ? 'The shop could not be reached. Try again in a moment.'
            : error.message,
        );
    } finally {
      submit.disabled = false;
    }
  };

  show(false);
  fill(
    el,
    h(
      'div',
      { class: 'panel sign-in' },
      h('h1', { tabindex: '-1' }, 'Sign in'),
      state.expired &&
        h(
          'p',
          { class: 'notice', role: 'status' },
          icon('info'),
          'Your session has ended. Sign in again to go on; your cart is still here.',
        ),
      h('form', { on: { submit: onSubmit } }, byName, byToken, submit, problem),
      swap,
    ),
  );
  return () => {};
}
