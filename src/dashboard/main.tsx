import './style/base.css';
import './style/tokens.css';
import './style/fonts.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import { App } from './app.tsx';
import { basePath } from './client/endpoint.ts';
import { Toasts } from './parts/toasts.tsx';
import { applyTheme } from './theme.ts';

applyTheme();
const root = document.querySelector('#root');
if (root === null) throw new Error('The page has no element #root.');
createRoot(root).render(
  <StrictMode>
    <Router base={basePath.replace(/\/$/, '')}>
      <App />
      <Toasts />
    </Router>
  </StrictMode>,
);
