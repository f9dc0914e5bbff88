import type { View } from '../view.ts';

/** One of several, in a form that posts. */
export function Choice(props: {
  view: View;
  name: string;
  label: string;
  options: (string | [value: string, text: string])[];
  value?: string;
}) {
  const { view, name, label } = props;
  const chosen = view.form[name]?.[0] ?? props.value ?? '';
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <select id={name} name={name}>
        {props.options.map((option) => {
          const [value, text] = typeof option === 'string' ? [option, option] : option;
          return (
            <option value={value} selected={value === chosen}>
              {text}
            </option>
          );
        })}
      </select>
    </div>
  );
}
