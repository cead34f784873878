import { expect, it } from "vitest";
import { takeSecretVariables } from "../../src/cli/secret-variables.ts";

const never = (): Uint8Array => {
  throw new Error("not needed");
};
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

it("takes the secrets out of the environment", () => {
  const variables = { ANYTUN_PASSPHRASE: "words", ANYTUN_KEY: "00", ANYTUN_SALT: "11", HOME: "/root" };
  expect(takeSecretVariables(variables, never)).toEqual({ passphrase: bytes("words"), key: "00", salt: "11" });
  expect(variables).toEqual({ HOME: "/root" });
});

it("takes empty ones out as well, and they are no secrets", () => {
  const variables = { ANYTUN_PASSPHRASE: "", ANYTUN_KEY: "", ANYTUN_SALT: undefined };
  expect(takeSecretVariables(variables, never)).toEqual({ passphrase: undefined, key: undefined, salt: undefined });
  expect(variables).toEqual({});
});

it("finds the bytes of a passphrase that is not UTF-8", () => {
  const environment = bytes("A=B\0ANYTUN_PASSPHRASE_X=no\0ANYTUN_PASSPHRASE=Gr\xfc\xdfe\0");
  const taken = takeSecretVariables({ ANYTUN_PASSPHRASE: "Gr\ufffd\ufffde" }, () => environment);
  expect(taken.passphrase).toEqual(bytes("Gr\xfc\xdfe"));
});

it("takes the character that stands for lost bytes when it was typed", () => {
  const environment = new Uint8Array(Buffer.from("ANYTUN_PASSPHRASE=\ufffd\0"));
  const taken = takeSecretVariables({ ANYTUN_PASSPHRASE: "\ufffd" }, () => environment);
  expect(taken.passphrase).toEqual(new Uint8Array(Buffer.from("\ufffd")));
});
