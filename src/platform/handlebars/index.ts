export { type Problem, RenderError, TemplateError, type TemplateErrorCode } from './errors.ts';
export { type RenderLimits, renderLimits, templateLimits } from './limits.ts';
export {
  type CompileOptions,
  compileTemplate,
  type RenderOptions,
  type Template,
  type TemplateMode,
} from './template.ts';
