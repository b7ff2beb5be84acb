import { Link } from 'wouter';
import { useViewer } from '../../client/viewer.tsx';
import { ActLine } from '../../parts/act-line.tsx';
import { Icon } from '../../parts/icon.tsx';
import table from '../../parts/table.module.css';
import { TimeAgo } from '../../parts/time.tsx';
import { ScheduleActions } from './schedule-actions.tsx';
import { ScheduleDetails } from './schedule-details.tsx';
import { type Schedule, titleOf } from './schedule-fields.ts';
import { missedWords, overlapWords, skipWords, whenInWords } from './schedule-words.ts';
import styles from './schedules.module.css';

/** The schedules, a row each; one can be opened. */
export function ScheduleTable({
  schedules,
  opened,
  onOpen,
}: {
  readonly schedules: readonly Schedule[];
  readonly opened: string | undefined;
  readonly onOpen: (id: string | undefined) => void;
}) {
  const { may } = useViewer();
  const isAdmin = may('admin');
  return (
    <div className={table['scroll']}>
      <table className={table['table']}>
        <thead>
          <tr>
            <th scope="col">Schedule</th>
            <th scope="col">When</th>
            <th scope="col">Next run</th>
            <th scope="col">Last run</th>
            <th scope="col">Policies</th>
            {isAdmin && <th scope="col">Owner</th>}
            <th scope="col">
              <span className="unseen">Actions</span>
            </th>
          </tr>
        </thead>
        {schedules.map((schedule) => (
          <ScheduleRows
            key={schedule.id}
            schedule={schedule}
            isAdmin={isAdmin}
            isOpen={schedule.id === opened}
            onToggle={() => onOpen(schedule.id === opened ? undefined : schedule.id)}
          />
        ))}
      </table>
    </div>
  );
}

function ScheduleRows({
  schedule,
  isAdmin,
  isOpen,
  onToggle,
}: {
  readonly schedule: Schedule;
  readonly isAdmin: boolean;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}) {
  const { definition, name, owner, source, pause, nextRunAt, overlap, missed } = schedule;
  return (
    <tbody className={styles['schedule']}>
      <tr data-open={isOpen}>
        <td>
          <div className={styles['name']}>
            <button type="button" className={styles['toggle']} aria-expanded={isOpen} onClick={onToggle}>
              <Icon name="chevron" size={14} />
              {titleOf(schedule)}
            </button>
            {pause !== null && (
              <span className={styles['pill']} data-tone="held">
                <Icon name="pause" size={12} />
                Paused
              </span>
            )}
            <span
              className={styles['pill']}
              title={source === 'CODE' ? 'Stands in its definition: changed there' : 'Made by createSchedule'}
            >
              {source === 'CODE' ? 'Code' : 'API'}
            </span>
          </div>
          {name !== null && <div className={styles['small']}>{definition}</div>}
          {pause !== null && (
            <div className={styles['small']}>
              paused <ActLine act={pause} />
            </div>
          )}
        </td>
        <td data-label="When">
          <span className={styles['when']}>{whenInWords(schedule)}</span>
        </td>
        <td data-label="Next run">
          {nextRunAt !== null ? (
            <TimeAgo at={nextRunAt} />
          ) : (
            <span className="faint">{pause !== null ? 'once it is resumed' : 'never again'}</span>
          )}
        </td>
        <td data-label="Last run">
          <LastRun schedule={schedule} />
        </td>
        <td data-label="Policies" className={styles['policies']}>
          <div>{overlapWords[overlap]}</div>
          <div>{missedWords[missed]}</div>
        </td>
        {isAdmin && <td data-label="Owner">{owner === '' ? <span className="faint">–</span> : owner}</td>}
        <td className={`${table['end']} ${table['whole']}`}>
          <ScheduleActions schedule={schedule} />
        </td>
      </tr>
      {isOpen && (
        <tr className={styles['opened']}>
          <td colSpan={isAdmin ? 7 : 6}>
            <ScheduleDetails schedule={schedule} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

/** When it last made a task, which one, and the slot since then that has none. */
function LastRun({ schedule }: { readonly schedule: Schedule }) {
  const { lastRunAt, lastTask, lastSkip } = schedule;
  const isSkipNewer = lastSkip !== null && Date.parse(lastSkip.slot) > Date.parse(lastRunAt ?? '0001-01-01');
  const at = lastTask?.createdAt ?? lastRunAt;
  return (
    <>
      {lastTask === null ? (
        <TimeAgo at={at} />
      ) : (
        <Link href={`/tasks/${encodeURIComponent(lastTask.id)}`}>
          <TimeAgo at={at} /> <span className="unseen">, last task of {titleOf(schedule)}</span>
        </Link>
      )}
      {isSkipNewer && (
        <div className={styles['skip']}>
          left out <TimeAgo at={lastSkip.slot} />: {skipWords[lastSkip.reason]}
        </div>
      )}
    </>
  );
}
