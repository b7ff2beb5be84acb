import { defineTask, NonRetryableError, type InputFields, type InputShape } from '../index.ts';
import { deliver, readSmtpServer } from './smtp.ts';

/**
 * Sends an email through the server that `SMTP_URL` names. Without one it composes the message and sends
 * nothing: for development, and to see what would go out.
 */
export const sendEmail = defineTask({
  name: 'sendEmail',
  description:
    'Sends an email through the mail server in `SMTP_URL`. Without one nothing is sent, and the composed message is the output.',
  input: emailFields,
  output: (t) => ({
    messageId: t.string({
      description: 'Its Message-ID; the same in every attempt, so that a mailbox can see a repetition.',
    }),
    accepted: t.stringList({
      description: 'The addresses that the mail server took; none where nothing was sent.',
    }),
    rejected: t.stringList({ description: 'The addresses that it refused, while it took others.' }),
    message: t.string({
      nullable: true,
      description: 'The composed message (RFC 5322) where there is no `SMTP_URL`, else null.',
    }),
  }),
  validate(input) {
    const { to, cc, bcc, subject, text, html, attachments } = input;
    const issues = [];
    const recipients = [...to, ...(cc ?? []), ...(bcc ?? [])];
    if (recipients.length === 0) issues.push({ path: ['to'], message: 'Expected at least one address.' });
    if (/[\r\n]/.test(subject)) issues.push({ path: ['subject'], message: 'Expected one line.' });
    if (!text && !html) issues.push({ path: ['text'], message: 'Expected a text, an html or both.' });
    for (const [index, { content, contentType }] of (attachments ?? []).entries()) {
      if (Buffer.from(content, 'base64').toString('base64') !== content) {
        issues.push({ path: ['attachments', index, 'content'], message: 'Expected base64.' });
      }
      if (contentType && !mediaTypePattern.test(contentType)) {
        issues.push({
          path: ['attachments', index, 'contentType'],
          message: 'Expected a media type such as application/pdf.',
        });
      }
    }
    return issues;
  },
  timeout: '2m',
  // A composed message has the attachments in it.
  maxOutputBytes: 4 * 1_024 * 1_024,
  async run(input, { id, log, progress, signal }) {
    const server = readSmtpServer(process.env['SMTP_URL']);
    // `||`, as an empty setting is none.
    const from = input.from ?? (process.env['EMAIL_FROM'] || (server ? undefined : 'taskwire@localhost'));
    if (from === undefined) {
      throw new NonRetryableError('There is no sender: give `from`, or set EMAIL_FROM where workers run.', {
        code: 'NO_SENDER',
      });
    }
    const messageId = `<${id}@${domainOf(from)}>`;
    const { raw, envelope } = await compose(input, from, messageId);
    if (!server) {
      await progress({ fraction: 1, message: 'composed, not sent: there is no SMTP_URL' });
      return { messageId, accepted: [], rejected: [], message: raw.toString() };
    }
    log.debug('email composed', { bytes: raw.byteLength, server: server.host });
    await progress({ fraction: 0.3, message: 'composed, now sending' });
    const { accepted, rejected } = await deliver(server, { raw, envelope, signal });
    await progress({ fraction: 1, message: 'taken by the mail server' });
    return { messageId, accepted, rejected, message: null };
  },
});

// Apart, for its type to have a name below.
function emailFields(t: InputFields) {
  return {
    to: t.field({
      type: ['EmailAddress'],
      required: true,
      description: 'Who gets it; at least one address here, in `cc` or in `bcc`.',
    }),
    cc: t.field({ type: ['EmailAddress'], description: 'Who gets a copy that all others see.' }),
    bcc: t.field({ type: ['EmailAddress'], description: 'Who gets a copy that nobody else sees.' }),
    from: t.field({
      type: 'EmailAddress',
      description: 'Who it is from, if not the address in `EMAIL_FROM`.',
    }),
    replyTo: t.field({ type: 'EmailAddress', description: 'Where answers go, if not to the sender.' }),
    subject: t.string({ required: true, description: 'The subject, on one line.' }),
    text: t.string({ description: 'The message as plain text. Give this, `html` or both.' }),
    html: t.string({ description: 'The message as HTML.' }),
    attachments: t.objectList(
      'EmailAttachment',
      (t) => ({
        filename: t.field({
          type: 'NonEmptyString',
          required: true,
          description: 'The name that the file has for whoever gets it.',
        }),
        content: t.string({ required: true, description: 'What is in the file, as base64.' }),
        contentType: t.string({
          description: 'What kind of file it is, such as `application/pdf`; by its name if left out.',
        }),
      }),
      { description: 'Files that go with it.', typeDescription: 'A file that goes with an email.' },
    ),
  };
}

const mediaTypePattern = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/;

type Email = InputShape<ReturnType<typeof emailFields>>;

async function compose(email: Email, from: string, messageId: string) {
  // Loaded when the first email is sent: every API and worker loads this definition.
  const { createTransport } = await import('nodemailer');
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message, envelope } = await composer.sendMail({
    from,
    to: email.to,
    cc: email.cc ?? [],
    // In the envelope only: the composer would write `bcc` into the message, for all to read.
    envelope: { from, to: [...email.to, ...(email.cc ?? []), ...(email.bcc ?? [])] },
    ...(email.replyTo ? { replyTo: email.replyTo } : {}),
    subject: email.subject,
    ...(email.text ? { text: email.text } : {}),
    ...(email.html ? { html: email.html } : {}),
    attachments: (email.attachments ?? []).map(({ filename, content, contentType }) => ({
      filename,
      content: Buffer.from(content, 'base64'),
      ...(contentType ? { contentType } : {}),
    })),
    messageId,
    // What a client sends is content, never the name of something to read from here.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  if (!Buffer.isBuffer(message)) throw new TypeError('Expected the composed message in one piece.');
  return { raw: message, envelope };
}

// After the last `@`, without the `>` of `Ada <ada@example.com>`.
function domainOf(address: string): string {
  return /@([^\s@>]+)>?\s*$/.exec(address)?.[1] ?? 'localhost';
}
