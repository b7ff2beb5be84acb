import type { MaskError } from './errors.ts';
import type { ApiBuilder } from './state.ts';

/** An error that is told as data, as it is about one of many. */
export interface ActionError {
  readonly code: string;
  readonly message: string;
  readonly issues: unknown;
}

/** Adds `TaskActionError`. */
export function addActionError(builder: ApiBuilder) {
  return builder.objectRef<ActionError>('TaskActionError').implement({
    description: 'Why an action on one task of many failed.',
    fields: (t) => ({
      code: t.exposeString('code', {
        nullable: false,
        description: 'What would be `extensions.code` if the request had been for this task alone.',
      }),
      message: t.exposeString('message', { nullable: false, description: 'The reason, for people.' }),
      issues: t.expose('issues', {
        type: 'JSON',
        nullable: true,
        description:
          'What would be `extensions.issues`: for `BAD_USER_INPUT` a list of what is wrong, each with its `path` and ' +
          '`message`; else null.',
      }),
    }),
  });
}

/** The ref of `TaskActionError`. */
export type ActionErrorType = ReturnType<typeof addActionError>;

/** What a client may see of an error. */
export function toldError(error: unknown, maskError: MaskError): ActionError {
  const { message, extensions } = maskError(error);
  return { code: String(extensions['code']), message, issues: extensions['issues'] };
}
