import type { FilePage } from '../../features/files/routes.ts';
import type { TaskPage } from '../../features/tasks/routes.ts';
import { uploadLimitBytes } from '../act.tsx';
import { ApiProblem } from '../api.ts';
import { Choice } from '../components/forms.tsx';
import { Confirm, Field, PostForm } from '../components/parts.tsx';
import { field, programApi } from '../components/query.ts';
import { formatBytes } from '../time.ts';
import type { Outcome, View } from '../view.ts';

type File = FilePage['items'][number];

const placeOf = (folder: string, filename: string) =>
  `${encodeURIComponent(folder)}/${encodeURIComponent(filename)}`;

/** The list with one file in it: where that is run and deleted. */
export const pageOfFile = (view: View, folder: string, filename: string) =>
  view.at(`files?prefix=${encodeURIComponent(`${folder}/${filename}`)}`);

/** Drops a file from here; a large one goes by the other doors, in parts. */
export function UploadForm({ view }: { view: View }) {
  if (!view.can('files'))
    return <p class="dim">Somebody with the scope “files” can drop a file here, or delete one.</p>;
  return (
    <>
      <h2>Drop a file</h2>
      <PostForm view={view} to={view.at('files/upload')} upload>
        <Field view={view} name="folder" label="Folder" value="warehouse" required />
        <div class="field">
          <label for="file">File</label>
          <p class="hint" id="file-hint">
            At most {formatBytes(uploadLimitBytes)} from here: a larger one with any S3 client, by the{' '}
            <a href={view.at('drop')}>drop keys</a>. One of the same name becomes the newer version.
          </p>
          <input id="file" name="file" type="file" required aria-describedby="file-hint" />
        </div>
        <button type="submit" class="primary">
          Drop it
        </button>
      </PostForm>
    </>
  );
}

/** What can be done with one file: run a task over it, or delete it. */
export function FileActs({ view, file, tasks }: { view: View; file: File; tasks: TaskPage['items'] }) {
  const ofFolder = tasks.filter(({ folder }) => folder === file.folder).map(({ job }) => job);
  const to = (verb: string) => view.at(`files/${placeOf(file.folder, file.filename)}/${verb}`);
  return (
    <>
      <h2>
        {file.folder}/{file.filename}
      </h2>
      <div class="actions">
        {!view.can('jobs') ? (
          <p class="dim">Somebody with the scope “jobs” can run a task over it.</p>
        ) : ofFolder.length === 0 ? (
          <p class="dim">
            No <a href={view.at('tasks')}>task</a> takes files of the folder “{file.folder}”.
          </p>
        ) : (
          <Confirm
            view={view}
            to={to('run')}
            label="Run a task over it…"
            button="Run it"
            effect="This very version is taken, whatever is dropped meanwhile. A guard holds it for a decision where it would change too much."
          >
            <Choice view={view} name="job" label="Task" options={ofFolder} />
            <Field
              view={view}
              name="notifyEmail"
              label="Tell by e-mail"
              hint="Who is told how it ended; may be empty."
              type="email"
            />
            <label class="check">
              <input type="checkbox" name="dryRun" value="true" checked={view.form.dryRun !== undefined} />{' '}
              Only try: change nothing, and say what would change
            </label>
          </Confirm>
        )}
        {view.can('files') ? (
          <Confirm
            view={view}
            to={to('delete')}
            label="Delete…"
            button="Delete the file"
            danger
            effect="It is gone from the drop folder. A job that has begun with it goes on; the dataset stays as it is."
          />
        ) : null}
      </div>
    </>
  );
}

export async function uploadFile(view: View): Promise<Outcome> {
  const folder = field(view, 'folder') ?? '';
  const filename = view.upload?.name ?? '';
  if (view.upload === null || filename === '') {
    const detail = 'Choose a file first: none came with the form.';
    const { requestId } = view.ctx;
    throw new ApiProblem({ status: 400, title: 'No file', detail, code: 'invalid_input', requestId });
  }
  const path = `files/${placeOf(folder, filename)}`;
  await view.api.ask('PUT', programApi(view, path), view.upload);
  return { to: pageOfFile(view, folder, filename), done: 'uploaded' };
}

export async function runFile(view: View): Promise<Outcome> {
  const email = field(view, 'notifyEmail');
  const called = await view.api.send<{ jobId: string; duplicate?: true }>(
    'POST',
    `/api/webhook/${encodeURIComponent(field(view, 'job') ?? '')}`,
    {
      filename: view.params.filename ?? '',
      ...(email === undefined ? {} : { notifyEmail: email }),
      ...(view.form.dryRun === undefined ? {} : { dryRun: true }),
    },
  );
  return {
    to: view.at(`jobs/${called?.jobId ?? ''}`),
    done: called?.duplicate ? 'queued-already' : 'queued',
  };
}

export async function deleteFile(view: View): Promise<Outcome> {
  const { folder = '', filename = '' } = view.params;
  await view.api.send('DELETE', programApi(view, `files/${placeOf(folder, filename)}`));
  return { to: view.at('files'), done: 'deleted' };
}
