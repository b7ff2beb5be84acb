import { Component, type ReactNode } from 'react';
import { Button } from './parts/button.tsx';
import { Empty, Page } from './parts/page.tsx';
import styles from './shell.module.css';

interface Props {
  /** Where the page is: another one is shown anew. */
  readonly location: string;
  readonly children: ReactNode;
}

interface State {
  readonly location: string;
  readonly failure: { readonly message: string } | undefined;
}

/** Keeps the navigation when a page throws, and says so in its place. A class, as only those can catch in React. */
export class PageBoundary extends Component<Props, State> {
  override state: State = { location: this.props.location, failure: undefined };

  static getDerivedStateFromError(error: unknown): Pick<State, 'failure'> {
    return { failure: { message: error instanceof Error ? error.message : String(error) } };
  }

  static getDerivedStateFromProps({ location }: Props, state: State): State | null {
    return location === state.location ? null : { location, failure: undefined };
  }

  override render(): ReactNode {
    const { failure } = this.state;
    if (failure === undefined) return this.props.children;
    return (
      <Page title="This page failed">
        <div role="alert">
          <Empty title="It could not be shown. Nothing happened to your tasks.">
            <p>Try again. If it fails again, load it anew: the API may have another version by now.</p>
            <p>
              <code>{failure.message}</code>
            </p>
            <p className={styles['choices']}>
              <Button tone="primary" icon="retry" onClick={() => this.setState({ failure: undefined })}>
                Try again
              </Button>
              <Button onClick={() => window.location.reload()}>Load it anew</Button>
            </p>
          </Empty>
        </div>
      </Page>
    );
  }
}
