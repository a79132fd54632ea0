import { readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import ts from "typescript";

/** One import, re-export or `import()` of a source file. */
export interface Import {
  /** The imported package, or the path of a file in `src`. */
  readonly target: string;
  /** Erased by the compiler. */
  readonly isTypeOnly: boolean;
  /** `import()`, which loads it when it is needed. */
  readonly isDynamic: boolean;
}

/** One file in `src`. */
export interface Source {
  /** In `src`, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  /** The names of exports without a doc comment. */
  readonly undocumented: readonly string[];
  /** Lines that are neither empty nor only a comment. */
  readonly codeLines: number;
}

/** Returns every file in `src`, in the order of their paths. */
export function readSources(folder = "src"): Source[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => path.split(sep).join("/"))
    .sort()
    .map((path) => readSource(path, readFileSync(join(folder, path), "utf8")));
}

function readSource(path: string, text: string): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  return {
    path,
    text,
    imports: importsOf(file).map((one) => ({ ...one, target: resolve(path, one.target) })),
    undocumented: file.statements.filter(isBare).flatMap(namesOf),
    codeLines: linesWithCode(file).size,
  };
}

function resolve(from: string, target: string): string {
  return target.startsWith(".") ? posix.join(posix.dirname(from), target).replace(/\.js$/, ".ts") : target;
}

function importsOf(file: ts.SourceFile): Import[] {
  const found: Import[] = [];
  function visit(node: ts.Node): void {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const { text } = node.moduleSpecifier as ts.StringLiteral;
      found.push({ target: text, isTypeOnly: isErased(node), isDynamic: false });
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [target] = node.arguments;
      if (!target || !ts.isStringLiteral(target))
        throw new Error(`${file.fileName}: import() of what is no literal.`);
      found.push({ target: target.text, isTypeOnly: false, isDynamic: true });
    }
    ts.forEachChild(node, visit);
  }
  visit(file);
  return found;
}

function isErased(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

function isBare(statement: ts.Statement): boolean {
  const isExported =
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  return isExported === true && ts.getJSDocCommentsAndTags(statement).length === 0;
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  return [(statement as ts.DeclarationStatement).name?.getText() ?? "?"];
}

function linesWithCode(file: ts.SourceFile): ReadonlySet<number> {
  const lines = new Set<number>();
  function visit(node: ts.Node): void {
    if (ts.isJSDoc(node)) return;
    if (node.getChildCount(file) === 0) {
      const first = file.getLineAndCharacterOfPosition(node.getStart(file)).line;
      const last = file.getLineAndCharacterOfPosition(node.getEnd()).line;
      if (node.getWidth(file) > 0) for (let line = first; line <= last; line++) lines.add(line);
    }
    for (const child of node.getChildren(file)) visit(child);
  }
  visit(file);
  return lines;
}
