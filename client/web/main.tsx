import { render } from 'preact';
import { start } from './state/start.ts';
import { App } from './view/app.tsx';
import { freshPageForNewGateways } from './view/fresh-page.ts';

const root = document.getElementById('app');
if (!root) throw new Error('the page has no place for the app');
render(<App />, root);
freshPageForNewGateways();
void start();
