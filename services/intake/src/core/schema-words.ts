import { z } from 'zod';

// The words that the schemas of a Blueprint share.

/** DNS-safe, and one token of a subject. */
export const name = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, {
  error: 'allowed are 1 to 40 of a-z, 0-9 and "-", beginning and ending with a letter or digit',
});
/** As a name; one with an organisation before it can be read, so that it is refused for what it is. */
export const parentName = z.string().regex(/^(?:[a-z0-9-]{1,40}\/)?[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, {
  error: 'allowed are 1 to 40 of a-z, 0-9 and "-", beginning and ending with a letter or digit',
});
export const contextValue = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/, {
  error: 'allowed are 1 to 80 of A-Z, a-z, 0-9, ".", "_" and "-", beginning with a letter or digit',
});
export const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, { error: 'allowed are 1 to 64 of A-Z, a-z, 0-9 and "-"' });
export const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,255}$/, {
  error: 'a variable is up to 256 of A-Z, a-z, 0-9, "_", "." and "-", beginning with a letter or "_"',
});
/** The name of something that exists where the service runs. */
export const foreignName = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/, {
  error: 'allowed are 1 to 253 of A-Z, a-z, 0-9, ".", "_" and "-", beginning and ending with a letter or digit',
});
export const region = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
  error: 'a region is 1 to 63 of a-z, 0-9 and "-", such as "eu-west"',
});
const addressError = {
  error: 'expected a host and a port from 1 to 65535, such as "payments.example.com:443" or "[2001:db8::7]:443"',
};
export const externalAddress = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]):(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/,
    { ...addressError, abort: true }, // said once, not for each check
  )
  .refine((text) => !/\.\.|\.-|-\./.test(text) && URL.canParse(`http://${text}`), addressError);
export const quantity = z.union([z.string(), z.number()], {
  error: 'expected a quantity such as "250m", 1 or "128Mi"',
});
export const duration = z.union([z.string(), z.number()], {
  error: 'expected a duration such as "10s", "1m30s", "72h" or a number of seconds',
});
export const contractText = z.string().regex(/^\d{1,6}(?:\.\d{1,6})?$/, {
  error: 'a contract version is a major and a minor number, such as "1.4"',
});
export const absolutePath = z.string().regex(/^\/(?!.*(?:^|\/)\.\.(?:\/|$))[^\0]{0,4095}$/, {
  error: 'expected an absolute path without ".."',
});
export const relativePath = z.string().regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\0]{1,4096}$/, {
  error: 'expected a relative path without ".."',
});
export const text = z.string().min(1, { error: 'expected text that is not empty' });
export const textMap = z.record(z.string(), z.string());
export const variables = z.record(variableName, z.string());
/** A program and its arguments. */
export const program = z.array(text).min(1, { error: 'expected a program and its arguments' });
export const run = z.strictObject({ command: program, cwd: z.string().min(1).default('.') });
