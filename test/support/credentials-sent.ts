import { registerSecret } from './secrets.ts';

/** Notes the tokens and passwords in what a client sends: the head of an HTTP request, or a login to a store. */
export function noteCredentials(text: string): void {
  if (/^(?:GET|POST|PUT|DELETE|OPTIONS|HEAD|PATCH) \//.test(text)) {
    const [head = ''] = text.split('\r\n\r\n', 1);
    for (const [, token = ''] of head.matchAll(/^authorization: *(?:Bearer|Basic) +([^\r\n]+)/gim))
      note(token);
    for (const [, token = ''] of head.matchAll(/[?&]\w*token=([\w.-]+)/gi)) note(token);
  } else if (/^\*\d+\r\n\$(?:4\r\nAUTH|5\r\nHELLO)\r\n/i.test(text)) {
    const words = text.split('\r\n').filter((_, index) => index > 0 && index % 2 === 0);
    const password = /^\*[23]\r\n\$4/.test(text) ? words[text.startsWith('*3') ? 2 : 1] : words[4];
    if (password !== undefined && password.length >= 8)
      registerSecret(password, { what: 'the password of a store' });
  }
}

/** Notes the tokens in a message of graphql-ws, also in one that is broken. */
export function noteTokensIn(message: string): void {
  const members = message.matchAll(/"\w*(?:token|authorization)"\s*:\s*"(?:Bearer +)?([^"\\]+)"/gi);
  for (const [, token = ''] of members) note(token);
}

function note(token: string): void {
  const isMade = /^tw[kw]_/.test(token);
  // Others are short or words, such as names of owners.
  if (!isMade && !(token.length >= 16 && /\d/.test(token))) return;
  registerSecret(token, { what: 'a token that a client sent', answers: isMade ? 1 : 0 });
}
