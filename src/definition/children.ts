/** An input as `run` gets it, or with the text that stands for a URL or a Date. */
export type EnqueueInput<Input> = Input extends URL | Date
  ? Input | string
  : Input extends readonly (infer Item)[]
    ? readonly EnqueueInput<Item>[]
    : Input extends object
      ? { readonly [Name in keyof Input]: EnqueueInput<Input[Name]> }
      : Input;

/** How a `run` enqueues a task. Owner and trace are those of the task that it belongs to. */
export interface ChildOptions {
  /** Up to 20 labels of 1 to 64 characters, to find tasks by. */
  readonly tags?: readonly string[];
  /** How long it waits before it may run, in ms. */
  readonly delayMs?: number;
  /** When it may run, at the earliest. */
  readonly runAt?: Date;
  /** A head start in seconds, -600 to 600. @default 0 */
  readonly priority?: number;
  /** Its share of the parent's progress, beside those of the other children. @default 1 */
  readonly weight?: number;
  /**
   * What it means for the parent when the child doesn't succeed: `result()` throws a ChildFailedError, or gives
   * undefined. @default 'FAIL_PARENT'
   */
  readonly failure?: 'FAIL_PARENT' | 'IGNORE';
  /**
   * As elsewhere: one task for a key, whoever enqueues it. Rarely needed: what an earlier attempt of the parent has
   * enqueued is found again without one.
   */
  readonly idempotencyKey?: string;
  /** How long the key holds, in ms. @default 86400000 */
  readonly idempotencyKeyMs?: number;
}

/** A task that a `run` has enqueued. */
export interface Child<Output = unknown> {
  readonly id: string;
  /**
   * Waits for its end and gives its output. As long as one is waited for, the attempt holds neither a slot nor a
   * place in a limit, so wait before going on with other work.
   *
   * @throws ChildFailedError where it ended without success; the signal's reason once that has fired
   */
  result(): Promise<Output>;
}

/**
 * An output as a parent gets it: a Date or URL is one again, whatever `run` returned for it. Of scalars of your own it is
 * what their `parseValue` gives.
 */
export type ChildOutput<Output> = [Extract<Output, Date | URL>] extends [never]
  ? Deep<Output>
  : Exclude<Output, string>;

type Deep<Output> = Output extends readonly (infer Item)[]
  ? readonly ChildOutput<Item>[]
  : Output extends object
    ? { readonly [Name in keyof Output]: ChildOutput<Output[Name]> }
    : Output;

/** What of a definition says how a child is enqueued and what comes of it: every TaskDefinition is one. */
export interface ChildDefinition<Input, Output> {
  readonly name: string;
  // A method, so that it takes definitions of any input; a context is given by whoever runs it.
  run(input: Input, context: never): Output | Promise<Output>;
}

/** Enqueues a task as a child of the one that runs. */
export interface EnqueueChild {
  <Input, Output>(
    definition: ChildDefinition<Input, Output>,
    input: EnqueueInput<NoInfer<Input>>,
    options: ChildOptions & { readonly failure: 'IGNORE' },
  ): Promise<Child<ChildOutput<Output> | undefined>>;
  <Input, Output>(
    definition: ChildDefinition<Input, Output>,
    input: EnqueueInput<NoInfer<Input>>,
    options?: ChildOptions,
  ): Promise<Child<ChildOutput<Output>>>;
  /** By name, for a definition that enqueues itself or whose file can't be imported: input and output are JSON. */
  (name: string, input: unknown, options?: ChildOptions): Promise<Child>;
}

/** The outputs of children, in their order. */
export type ChildOutputs<Children extends readonly Child[]> = {
  readonly [Index in keyof Children]: Children[Index] extends Child<infer Output> ? Output : never;
};

/** Waits for several children at once. */
export interface AllChildren {
  <const Children extends readonly Child[]>(
    children: Children,
    options: { readonly failure: 'IGNORE' },
  ): Promise<{ readonly [Index in keyof Children]: ChildOutputs<Children>[Index] | undefined }>;
  <const Children extends readonly Child[]>(
    children: Children,
    options?: { readonly failure?: 'FAIL_PARENT' | 'IGNORE' },
  ): Promise<ChildOutputs<Children>>;
}
