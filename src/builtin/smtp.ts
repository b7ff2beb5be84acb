import { NonRetryableError } from '../index.ts';

/** The mail server that `SMTP_URL` names. */
export interface SmtpServer {
  readonly url: string;
  /** For the log: without user and password. */
  readonly host: string;
  /** What must never stand in a message, in each form that SMTP gives it. */
  readonly secrets: readonly string[];
}

/**
 * Reads `SMTP_URL`, undefined where it isn't set.
 *
 * @throws {NonRetryableError} SMTP_URL_INVALID; the message doesn't repeat the URL, which may hold a password.
 */
export function readSmtpServer(setting: string | undefined): SmtpServer | undefined {
  if (!setting) return undefined;
  try {
    const { protocol, host, username, password } = new URL(setting);
    if (!/^smtps?:$/.test(protocol) || host === '') throw new TypeError('not a mail server');
    const user = decodeURIComponent(username);
    const pass = decodeURIComponent(password);
    const secrets = [pass, password, base64(pass), base64(`\0${user}\0${pass}`)];
    return { url: setting, host, secrets: pass === '' ? [] : secrets };
  } catch {
    throw new NonRetryableError(
      'SMTP_URL must be a URL such as smtp://user:password@mail.example.com:587 or smtps://…:465, with special characters of user and password percent-encoded.',
      { code: 'SMTP_URL_INVALID' },
    );
  }
}

export interface Delivery {
  readonly raw: Buffer;
  readonly envelope: { readonly from: string | false; readonly to: readonly string[] };
  readonly signal: AbortSignal;
}

/**
 * Hands a composed message to the server.
 *
 * @throws {NonRetryableError} where the server refuses for good (5xx), or the login.
 * @throws {Error} with the code SMTP_DEFERRED (4xx) or SMTP_UNAVAILABLE where it may go through later.
 */
export async function deliver(
  server: SmtpServer,
  { raw, envelope, signal }: Delivery,
): Promise<{ readonly accepted: string[]; readonly rejected: string[] }> {
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    url: server.url,
    connectionTimeout: 15_000,
    greetingTimeout: 15_000,
    socketTimeout: 60_000,
  });
  try {
    const { from, to } = envelope;
    const sent = await transport.sendMail({ raw, envelope: { from: from || '', to: [...to] }, signal });
    return { accepted: addresses(sent.accepted), rejected: addresses(sent.rejected) };
  } catch (error) {
    signal.throwIfAborted();
    throw explain(error, server);
  } finally {
    transport.close();
  }
}

/** What nodemailer adds to its errors. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly permanent?: boolean;
  readonly rejected?: readonly string[];
}

function explain(thrown: unknown, server: SmtpServer): Error {
  // All properties are optional, so any error is one.
  const error = (thrown instanceof Error ? thrown : new Error(String(thrown))) as SmtpError;
  // Without its cause: the server's answer in there may repeat what it got.
  const message = withoutSecrets(error.message, server);
  const { responseCode, rejected } = error;
  // EAUTH without an answer: the server wants a login, and the URL has none.
  if (error.permanent || (error.code === 'EAUTH' && responseCode === undefined) || error.code === 'ECONFIG') {
    return new NonRetryableError(message, {
      code: permanentCode(error),
      details: { ...(responseCode ? { responseCode } : {}), ...(rejected ? { rejected } : {}) },
    });
  }
  const code = responseCode === undefined ? 'SMTP_UNAVAILABLE' : 'SMTP_DEFERRED';
  return Object.assign(new Error(message), { code });
}

function permanentCode({ code, command }: SmtpError): string {
  if (code === 'EAUTH') return 'SMTP_LOGIN_REFUSED';
  if (command === 'RCPT TO') return 'SMTP_RECIPIENTS_REFUSED';
  if (command === 'MAIL FROM') return 'SMTP_SENDER_REFUSED';
  return 'SMTP_MESSAGE_REFUSED';
}

function withoutSecrets(text: string, { secrets }: SmtpServer): string {
  return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), text);
}

function addresses(list: readonly (string | { readonly address: string })[]): string[] {
  return list.map((entry) => (typeof entry === 'string' ? entry : entry.address));
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
