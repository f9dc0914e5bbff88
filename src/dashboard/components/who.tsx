/** Who acted, as the hub's records name them: `key_… (Ann)` where a person acted through a session. */
function personOf(actor: string): { person: string | null; id: string } {
  const [, id = actor, person = null] = /^(\S+) \((.+)\)$/s.exec(actor) ?? [];
  return { person, id };
}

/** The person, and beneath the key or address by which they came; a machine by its key alone. */
export function Who({ actor }: { actor: string }) {
  const { person, id } = personOf(actor);
  if (person === null) return <code>{id}</code>;
  return (
    <>
      {person}
      <small class="dim beneath">
        <code>{id}</code>
      </small>
    </>
  );
}

export const whoIs = (actor: string): string => personOf(actor).person ?? actor;
