// The launcher's JavaScript runs on Node 8, as the argument of `node -e`.
import js from "@eslint/js";

export default [
  js.configs.recommended,
  {
    files: ["*.js"],
    languageOptions: {
      ecmaVersion: 2015,
      sourceType: "script",
      globals: Object.fromEntries(
        ["Buffer", "child_process", "fs", "path", "process", "require"].map((name) => [name, "readonly"]),
      ),
    },
    rules: {
      "no-cond-assign": ["error", "except-parens"],
      "no-empty": ["error", { allowEmptyCatch: true }],
      "no-unused-vars": ["error", { caughtErrors: "none", varsIgnorePattern: "^(matches|scan|NO_FILE|WHOLE|PROGRAM|TRANSPARENT)$" }],
    },
  },
];
