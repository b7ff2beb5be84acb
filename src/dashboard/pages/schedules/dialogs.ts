import { lazy } from 'react';

// Loaded when it is first opened: with it comes the form of an input.
export const ScheduleDialog = lazy(async () => ({
  default: (await import('./schedule-dialog.tsx')).ScheduleDialog,
}));
