/** The styles of the simulator's pages, for light and dark mode. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #e9eaf3; --card: #ffffff; --text: #1f2130; --quiet: #55586b; --line: #8b8fa5;
  --accent: #4450d6; --accent-text: #ffffff; --soft: #f1f2fb; --alert: #a3162f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15161f; --card: #22242f; --text: #f3f4fa; --quiet: #b9bccd; --line: #7b7f96;
    --accent: #aab2ff; --accent-text: #14162b; --soft: #2c2f3d; --alert: #ff9aa9;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center; justify-content: center;
  gap: 1rem; padding: 1rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main {
  width: 100%; max-width: 27rem; padding: 1.75rem 1.5rem; background: var(--card); border-radius: 1rem;
  box-shadow: 0 .5rem 2rem rgb(0 0 0 / .14);
}
.app {
  width: 4rem; height: 4rem; margin: 0 auto 1rem; border-radius: 50%; display: grid; place-items: center;
  background: var(--accent); color: var(--accent-text); font-size: 1.75rem; font-weight: 700;
}
h1 { margin: 0 0 1.25rem; font-size: 1.25rem; line-height: 1.35; text-align: center; overflow-wrap: anywhere; }
h1 span { display: block; font-size: 1rem; font-weight: 400; color: var(--quiet); }
h2, legend, .field { padding: 0; margin: 0 0 .5rem; font-size: .875rem; font-weight: 600; color: var(--quiet); }
fieldset, section, .choice { border: 0; padding: 0; margin: 0 0 1.25rem; min-width: 0; }
.field { display: block; }
.user {
  display: flex; align-items: center; gap: .75rem; min-height: 3rem; padding: .5rem .75rem; margin-bottom: .375rem;
  border-radius: .625rem; background: var(--soft); cursor: pointer; overflow-wrap: anywhere;
}
.user:has(:checked) { outline: 2px solid var(--accent); outline-offset: -2px; }
.user:has(:focus-visible) { outline: 3px solid var(--accent); outline-offset: 2px; }
.user input { width: 1.125rem; height: 1.125rem; margin: 0; flex: none; accent-color: var(--accent); }
.user small { display: block; color: var(--quiet); font-size: .875rem; }
ul { list-style: none; margin: 0; padding: 0; }
li { position: relative; padding: .25rem 0 .25rem 1.75rem; overflow-wrap: anywhere; }
li::before { content: "\\2713"; content: "\\2713" / ""; position: absolute; left: .25rem; color: var(--accent); font-weight: 700; }
a { color: var(--accent); overflow-wrap: anywhere; }
code { display: block; font-size: .8125rem; color: var(--quiet); overflow-wrap: anywhere; }
select {
  width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; color: inherit; background: var(--soft);
  border: 1px solid var(--line); border-radius: .625rem;
}
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; }
button {
  flex: 1 1 8rem; min-height: 2.75rem; padding: .5rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  border: 1px solid var(--line); border-radius: .625rem; background: transparent; color: inherit;
}
button:hover { background: var(--soft); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-text); }
button.primary:hover { filter: brightness(1.1); }
select:focus-visible, button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.target { margin: 1rem 0 0; font-size: .875rem; color: var(--quiet); text-align: center; overflow-wrap: anywhere; }
.alert { margin: 0 0 1.25rem; color: var(--alert); font-weight: 600; text-align: center; overflow-wrap: anywhere; }
header { width: 100%; max-width: 27rem; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: .625rem; }
header p { margin: 0; font-size: .875rem; text-align: center; text-wrap: balance; }
.avatar { flex: none; border-radius: 50%; background: var(--soft); }
.empty { margin: 0; color: var(--quiet); }
.plain li { padding: .25rem 0; }
.plain li::before { content: none; }
.plain code { display: inline; }
.row { display: flex; align-items: center; gap: .75rem; min-height: 3rem; }
.letter {
  flex: none; width: 2.5rem; height: 2.5rem; border-radius: 50%; display: grid; place-items: center;
  background: var(--soft); font-weight: 700;
}
.user .letter { background: var(--card); }
.row > span:not(.letter) { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.row button { flex: none; }
small { color: var(--quiet); font-size: .875rem; }
.row small { display: block; font-size: .75rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;
