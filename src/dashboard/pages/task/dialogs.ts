import { lazy } from 'react';

// Loaded when they are first opened: most who look at a task open none of them.

export const CancelDialog = lazy(async () => ({
  default: (await import('./cancel-dialog.tsx')).CancelDialog,
}));

export const PriorityDialog = lazy(async () => ({
  default: (await import('./priority-dialog.tsx')).PriorityDialog,
}));

export const RescheduleDialog = lazy(async () => ({
  default: (await import('./reschedule-dialog.tsx')).RescheduleDialog,
}));
