import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, expect, test } from 'vitest';
import { sendEmail } from '../../src/builtin/send-email.ts';
import { BadUserInputError, NonRetryableError } from '../../src/index.ts';
import { runTask } from './run-task.ts';

afterEach(() => {
  delete process.env['SMTP_URL'];
  delete process.env['EMAIL_FROM'];
});

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly message: string;
}

/** A real SMTP server that keeps what it gets. */
async function smtpServer(options: Partial<SMTPServerOptions> = {}) {
  const received: Received[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          message: Buffer.concat(chunks).toString(),
        });
        callback();
      });
    },
    ...options,
  });
  // A client that goes away is no failure of the test.
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    received,
    url: (login = '') => `smtp://${login}127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const email = {
  from: 'ada@example.com',
  to: ['bob@example.com'],
  subject: 'Grüße',
  text: 'Hello Bob.\n',
};

/** An answer of the server in SMTP's way. */
const answer = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode });

test('an email goes out through the server in SMTP_URL', async () => {
  await using server = await smtpServer();
  process.env['SMTP_URL'] = server.url();

  const { output, progress } = await runTask(sendEmail, {
    ...email,
    cc: ['carl@example.com'],
    bcc: ['dora@example.com'],
    replyTo: 'answers@example.com',
    html: '<p>Hello <b>Bob</b>.</p>',
    attachments: [
      {
        filename: 'übersicht.csv',
        content: Buffer.from('a,b\n1,2\n').toString('base64'),
        contentType: 'text/csv',
      },
      { filename: 'logo.png', content: Buffer.from([0, 1, 2, 255]).toString('base64') },
    ],
  });

  expect(output).toEqual({
    messageId: '<default_01test@example.com>',
    accepted: ['bob@example.com', 'carl@example.com', 'dora@example.com'],
    rejected: [],
    message: null,
  });
  expect(server.received).toMatchObject([
    { from: 'ada@example.com', to: ['bob@example.com', 'carl@example.com', 'dora@example.com'] },
  ]);
  const message = server.received[0]?.message ?? '';
  expect(message).toContain('From: ada@example.com\r\n');
  expect(message).toContain('To: bob@example.com\r\n');
  expect(message).toContain('Cc: carl@example.com\r\n');
  expect(message).toContain('Reply-To: answers@example.com\r\n');
  expect(message).toContain('Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n');
  expect(message).toContain('Message-ID: <default_01test@example.com>\r\n');
  expect(message).toContain('Hello Bob.');
  expect(message).toContain('<p>Hello <b>Bob</b>.</p>');
  expect(message).toContain('Content-Type: text/csv');
  expect(message).toContain(Buffer.from('a,b\n1,2\n').toString('base64'));
  expect(message).toContain('Content-Type: image/png');
  expect(message).not.toContain('dora@example.com');
  expect(progress).toEqual([
    { fraction: 0.3, message: 'composed, now sending' },
    { fraction: 1, message: 'taken by the mail server' },
  ]);
});

test('without SMTP_URL the composed message is the output, and nothing is sent', async () => {
  const { output, progress } = await runTask(sendEmail, { ...email, bcc: ['dora@example.com'] });

  expect(output).toMatchObject({ messageId: '<default_01test@example.com>', accepted: [], rejected: [] });
  expect(output.message).toMatch(/^From: ada@example\.com\r\nTo: bob@example\.com\r\n/);
  expect(output.message).toContain('\r\n\r\nHello Bob.');
  expect(output.message).not.toContain('dora@example.com');
  expect(progress).toEqual([{ fraction: 1, message: 'composed, not sent: there is no SMTP_URL' }]);
});

test('the sender is the one given, else EMAIL_FROM, else an error that says so', async () => {
  const { from: _, ...unsigned } = email;
  await using server = await smtpServer();
  expect((await runTask(sendEmail, unsigned)).output.message).toContain('From: taskwire@localhost\r\n');

  process.env['SMTP_URL'] = server.url();
  await expect(runTask(sendEmail, unsigned)).rejects.toMatchObject({ code: 'NO_SENDER' });

  process.env['EMAIL_FROM'] = 'The Shop <shop@example.com>';
  const { output } = await runTask(sendEmail, unsigned);
  await runTask(sendEmail, email);

  expect(output.messageId).toBe('<default_01test@example.com>');
  expect(server.received.map(({ from }) => from)).toEqual(['shop@example.com', 'ada@example.com']);
  expect(server.received[0]?.message).toContain('From: The Shop <shop@example.com>\r\n');
});

test('user and password of SMTP_URL log in, special characters percent-encoded', async () => {
  const logins: unknown[] = [];
  await using server = await smtpServer({
    disabledCommands: ['STARTTLS'],
    onAuth({ username, password }, _session, callback) {
      logins.push([username, password]);
      callback(null, { user: username ?? '' });
    },
  });
  process.env['SMTP_URL'] = server.url(
    `${encodeURIComponent('a@b.example')}:${encodeURIComponent('p@ss:w/%')}@`,
  );

  await runTask(sendEmail, email);

  expect(logins).toEqual([['a@b.example', 'p@ss:w/%']]);
});

test('a refused login fails for good, and the password is in no message, even where the server repeats it', async () => {
  await using server = await smtpServer({
    disabledCommands: ['STARTTLS'],
    onAuth({ username, password }, _session, callback) {
      const encoded = Buffer.from(`\0${username}\0${password}`).toString('base64');
      callback(answer(535, `no: ${password} ${encoded}`));
    },
  });
  process.env['SMTP_URL'] = server.url('ada:s3cret%21@');

  const error: unknown = await runTask(sendEmail, email).catch((error: unknown) => error);

  expect(error).toBeInstanceOf(NonRetryableError);
  expect(error).toMatchObject({
    code: 'SMTP_LOGIN_REFUSED',
    message: 'Invalid login: 535 no: *** ***',
    details: { responseCode: 535 },
  });
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('s3cret');
});

test('a server that wants a login and gets none fails for good', async () => {
  await using server = await smtpServer({ disabledCommands: ['STARTTLS'], onAuth: () => {} });
  process.env['SMTP_URL'] = server.url();

  await expect(runTask(sendEmail, email)).rejects.toMatchObject({
    name: 'NonRetryableError',
    code: 'SMTP_SENDER_REFUSED',
  });
});

test.for([
  ['SMTP_SENDER_REFUSED', { onMailFrom: (_a, _s, callback) => callback(answer(550, 'not you')) }],
  ['SMTP_RECIPIENTS_REFUSED', { onRcptTo: (_a, _s, callback) => callback(answer(550, 'nobody here')) }],
  [
    'SMTP_MESSAGE_REFUSED',
    { onData: (stream, _s, callback) => stream.on('end', () => callback(answer(554, 'spam'))).resume() },
  ],
] satisfies [string, Partial<SMTPServerOptions>][])(
  'what the server refuses for good is not tried again: %s',
  async ([code, options]) => {
    await using server = await smtpServer(options);
    process.env['SMTP_URL'] = server.url();

    const error: unknown = await runTask(sendEmail, email).catch((error: unknown) => error);

    expect(error).toBeInstanceOf(NonRetryableError);
    expect(error).toMatchObject({ code, details: { responseCode: expect.any(Number) } });
  },
);

test('what the server refuses for now can be tried again', async () => {
  await using server = await smtpServer({
    onRcptTo: (_address, _session, callback) => callback(answer(451, 'greylisted')),
  });
  process.env['SMTP_URL'] = server.url();

  const error: unknown = await runTask(sendEmail, email).catch((error: unknown) => error);

  expect(error).not.toBeInstanceOf(NonRetryableError);
  expect(error).toMatchObject({ code: 'SMTP_DEFERRED', message: expect.stringContaining('greylisted') });
});

test('addresses that are refused beside others that are taken are named', async () => {
  await using server = await smtpServer({
    onRcptTo: ({ address }, _session, callback) =>
      callback(address.startsWith('gone') ? answer(550, 'no such mailbox') : null),
  });
  process.env['SMTP_URL'] = server.url();

  const { output } = await runTask(sendEmail, { ...email, to: ['bob@example.com', 'gone@example.com'] });

  expect(output).toMatchObject({ accepted: ['bob@example.com'], rejected: ['gone@example.com'] });
});

test('a server that is not there can be tried again', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  process.env['SMTP_URL'] = `smtp://ada:s3cret@127.0.0.1:${port}`;

  const error: unknown = await runTask(sendEmail, email).catch((error: unknown) => error);

  expect(error).not.toBeInstanceOf(NonRetryableError);
  expect(error).toMatchObject({ code: 'SMTP_UNAVAILABLE' });
  expect(JSON.stringify(error) + String(error)).not.toContain('s3cret');
});

test.for(['not a url s3cret', 'http://ada:s3cret@mail.example.com', 'smtp://ada:s3cret%@mail.example.com'])(
  'an SMTP_URL that cannot be one fails for good without repeating it: %s',
  async (url) => {
    process.env['SMTP_URL'] = url;

    const error: unknown = await runTask(sendEmail, email).catch((error: unknown) => error);

    expect(error).toMatchObject({ name: 'NonRetryableError', code: 'SMTP_URL_INVALID' });
    expect(String(error)).not.toContain('s3cret');
  },
);

test('a cancel ends a conversation that the server does not answer', async () => {
  const controller = new AbortController();
  const reason = new Error('canceled by a test');
  await using server = await smtpServer({
    // It never calls back: the client waits.
    onMailFrom: () => controller.abort(reason),
  });
  process.env['SMTP_URL'] = server.url();

  await expect(runTask(sendEmail, email, { signal: controller.signal })).rejects.toBe(reason);
});

test('everything that is wrong with an email is said before it is enqueued', async () => {
  const error: unknown = await runTask(sendEmail, {
    from: 'ada@example.com',
    to: [],
    subject: 'two\nlines',
    attachments: [
      { filename: 'a.txt', content: 'not base64!' },
      { filename: 'b.txt', content: 'eA==', contentType: 'text/plain\r\nX-Evil: 1' },
    ],
  }).catch((error: unknown) => error);

  expect(error).toBeInstanceOf(BadUserInputError);
  expect(error).toMatchObject({
    issues: [
      { path: ['to'], message: 'Expected at least one address.' },
      { path: ['subject'], message: 'Expected one line.' },
      { path: ['text'], message: 'Expected a text, an html or both.' },
      { path: ['attachments', 0, 'content'], message: 'Expected base64.' },
      { path: ['attachments', 1, 'contentType'], message: 'Expected a media type such as application/pdf.' },
    ],
  });
});

test('addresses are checked by their type', async () => {
  const error: unknown = await runTask(sendEmail, {
    ...email,
    to: ['bob@example.com', 'Bob <bob@example.com>', 'x@y.example\r\nBcc: z@example.com'],
  }).catch((error: unknown) => error);

  expect(error).toMatchObject({ issues: [{ path: ['to', 1] }, { path: ['to', 2] }] });
});

test('what looks like a path or a URL is sent as it is, never read', async () => {
  const { output } = await runTask(sendEmail, {
    ...email,
    text: '/etc/passwd',
    html: '<img src="file:///etc/passwd">',
    attachments: [{ filename: '../../etc/passwd', content: Buffer.from('mine').toString('base64') }],
  });

  expect(output.message).toContain('/etc/passwd');
  expect(output.message).not.toContain('root:');
  expect(output.message).toContain(Buffer.from('mine').toString('base64'));
});
