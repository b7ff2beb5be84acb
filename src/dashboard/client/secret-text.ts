/** What stands in place of a secret, as the API has it. */
export const secretText = '[secret]';
