import ts from 'typescript';
import type { Source } from './sources.ts';

/**
 * Finds state at the top level of modules: values that outlive a call and can change. Constants that nobody can write
 * to are fine. A constant whose type permits writes is state, because nothing stops the next author from writing to it.
 * TypeScript has no readonly type for the byte arrays that a function returns: only a write to one is reported.
 */
export function moduleState(sources: readonly Source[]): string[] {
  const files = sources.map(({ path, text }) => ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true));
  const readonlyNames = readonlyTypes(files);
  return files.flatMap((file) => {
    const found = declarations(file, readonlyNames);
    const rest = writes(file).filter((name) => !found.some(({ name: declared }) => declared === name));
    return [
      ...found.map(({ name, how }) => `${file.fileName}: ${name} can be ${how}`),
      ...rest.map((name) => `${file.fileName}: ${name} is written to`),
    ];
  });
}

const READONLY_GENERICS = /^(?:Readonly|ReadonlyArray|ReadonlyMap|ReadonlySet|RegExp)$/;
const SHALLOW_GENERICS = /^(?:Partial|Required|Pick|Omit)$/;
const MUTABLE_RESULTS =
  /^(?:Array|Object|Reflect)\.|^structuredClone$|\.(?:map|filter|flatMap|slice|split|concat|sort)$/;
const WRITING_METHODS =
  /^(?:push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin|add|delete|clear|append|(?:set|write)(?:[A-Z].*)?)$/;

interface Found {
  readonly name: string;
  readonly how: 'assigned' | 'written to';
}

function declarations(file: ts.SourceFile, names: ReadonlySet<string>): Found[] {
  const found: Found[] = [];
  const see = (declaration: ts.VariableDeclaration | ts.PropertyDeclaration) => {
    const { initializer, type } = declaration;
    if (type && isReadonly(type, names)) return;
    if (initializer && isConstant(initializer, names, type !== undefined)) return;
    found.push({ name: declaration.name.getText(), how: 'written to' });
  };
  for (const statement of file.statements) {
    if (ts.isVariableStatement(statement)) {
      const { flags, declarations: all } = statement.declarationList;
      for (const declaration of all) {
        if (flags & ts.NodeFlags.Const) see(declaration);
        else found.push({ name: declaration.name.getText(), how: 'assigned' });
      }
    }
    if (!ts.isClassDeclaration(statement)) continue;
    for (const member of statement.members) {
      if (!ts.isPropertyDeclaration(member) || !hasModifier(member, ts.SyntaxKind.StaticKeyword)) continue;
      if (hasModifier(member, ts.SyntaxKind.ReadonlyKeyword)) see(member);
      else found.push({ name: member.name.getText(), how: 'assigned' });
    }
  }
  return found;
}

/** Whether a value can be written to. A literal with a type of its own is judged by that type alone. */
function isConstant(node: ts.Expression, names: ReadonlySet<string>, isTyped = false): boolean {
  if (ts.isParenthesizedExpression(node)) return isConstant(node.expression, names, isTyped);
  if (ts.isSatisfiesExpression(node)) return isConstant(node.expression, names, isTyped);
  if (ts.isAsExpression(node)) return node.type.getText() === 'const' || isReadonly(node.type, names);
  if (ts.isConditionalExpression(node)) {
    return isConstant(node.whenTrue, names, isTyped) && isConstant(node.whenFalse, names, isTyped);
  }
  if (ts.isRegularExpressionLiteral(node)) return !/\/[a-z]*[gy][a-z]*$/.test(node.text); // lastIndex is state
  if (ts.isNewExpression(node)) return node.expression.getText() === 'RegExp' && node.arguments?.length === 1;
  if (ts.isCallExpression(node)) {
    const callee = node.expression;
    if (callee.getText() === 'Object.freeze') return true;
    return (
      (ts.isIdentifier(callee) || ts.isPropertyAccessExpression(callee)) && !MUTABLE_RESULTS.test(callee.getText())
    );
  }
  if (ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node)) return false;
  return !ts.isClassExpression(node);
}

function isReadonly(type: ts.TypeNode, names: ReadonlySet<string>): boolean {
  if (ts.isParenthesizedTypeNode(type)) return isReadonly(type.type, names);
  if (ts.isUnionTypeNode(type) || ts.isIntersectionTypeNode(type)) {
    return type.types.every((part) => isReadonly(part, names));
  }
  if (ts.isTypeOperatorNode(type)) return type.operator === ts.SyntaxKind.ReadonlyKeyword;
  if (ts.isTypeLiteralNode(type)) return type.members.every(isReadonlyMember);
  if (ts.isTypeReferenceNode(type)) {
    const name = type.typeName.getText();
    const [first] = type.typeArguments ?? [];
    if (first && SHALLOW_GENERICS.test(name)) return isReadonly(first, names);
    return READONLY_GENERICS.test(name) || names.has(name);
  }
  return ts.isFunctionTypeNode(type) || ts.isLiteralTypeNode(type) || type.kind < ts.SyntaxKind.FirstTypeNode;
}

const isReadonlyMember = (member: ts.TypeElement): boolean =>
  ts.isMethodSignature(member) ||
  ts.isCallSignatureDeclaration(member) ||
  hasModifier(member, ts.SyntaxKind.ReadonlyKeyword);

const hasModifier = (node: ts.Node, kind: ts.SyntaxKind): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === kind);

/** The names of types of which every declaration has readonly members only. */
function readonlyTypes(files: readonly ts.SourceFile[]): ReadonlySet<string> {
  const names = new Set<string>();
  const mutable = new Set<string>();
  const statements = files.flatMap((file) => [...file.statements]);
  for (const statement of statements) {
    if (!ts.isInterfaceDeclaration(statement)) continue;
    (statement.members.every(isReadonlyMember) ? names : mutable).add(statement.name.text);
  }
  for (const statement of statements) {
    if (!ts.isTypeAliasDeclaration(statement)) continue;
    (isReadonly(statement.type, names) ? names : mutable).add(statement.name.text);
  }
  return new Set([...names].filter((name) => !mutable.has(name)));
}

/** The constants of the module that it writes to, whatever their types say. */
function writes(file: ts.SourceFile): string[] {
  const constants = new Set(
    file.statements
      .filter((statement) => ts.isVariableStatement(statement))
      .flatMap(({ declarationList }) => declarationList.declarations.map(({ name }) => name.getText())),
  );
  const found = new Set<string>();
  const see = (target: ts.Expression) => {
    let root = target;
    while (ts.isPropertyAccessExpression(root) || ts.isElementAccessExpression(root)) root = root.expression;
    if (root === target || !ts.isIdentifier(root) || !constants.has(root.text) || isShadowed(root)) return;
    found.add(root.text);
  };
  const walk = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) see(node.left);
    if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
      if (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken) {
        see(node.operand);
      }
    }
    if (ts.isDeleteExpression(node)) see(node.expression);
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      if (WRITING_METHODS.test(node.expression.name.text)) see(node.expression);
    }
    ts.forEachChild(node, walk);
  };
  walk(file);
  return [...found];
}

/** Whether a parameter or a variable of an enclosing function has the same name. */
function isShadowed(name: ts.Identifier): boolean {
  for (let node: ts.Node = name.parent; !ts.isSourceFile(node); node = node.parent) {
    if (ts.isFunctionLike(node) && node.parameters.some((parameter) => declares(parameter.name, name.text)))
      return true;
    const lists = ts.isBlock(node) ? node.statements.filter(ts.isVariableStatement).map((s) => s.declarationList) : [];
    if ((ts.isForOfStatement(node) || ts.isForStatement(node)) && node.initializer) {
      if (ts.isVariableDeclarationList(node.initializer)) lists.push(node.initializer);
    }
    if (lists.some(({ declarations: all }) => all.some((one) => declares(one.name, name.text)))) return true;
  }
  return false;
}

function declares(binding: ts.BindingName, name: string): boolean {
  if (ts.isIdentifier(binding)) return binding.text === name;
  return binding.elements.some((element) => ts.isBindingElement(element) && declares(element.name, name));
}

const isAssignment = (kind: ts.SyntaxKind): boolean =>
  kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
