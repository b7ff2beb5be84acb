import { isEnumType, isInputObjectType, isObjectType, isSpecifiedScalarType } from 'graphql';
import { expect, test } from 'vitest';
import { analyzeData } from '../../src/builtin/analyze-data.ts';
import { sendEmail } from '../../src/builtin/send-email.ts';
import { createBuilder } from '../../src/definition/builder.ts';
import { addTypes } from '../../src/definition/types.ts';

test('every type, field and enum value of the built-in tasks has a description', () => {
  const builder = createBuilder();
  addTypes(builder, [sendEmail, analyzeData]);
  const types = Object.values(builder.toSchema().getTypeMap()).filter(
    (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
  );

  const undescribed = types.flatMap((type) => {
    const parts =
      isObjectType(type) || isInputObjectType(type)
        ? Object.values(type.getFields())
        : isEnumType(type)
          ? type.getValues()
          : [];
    return [{ name: type.name, description: type.description }, ...parts]
      .filter(({ description }) => !description)
      .map(({ name }) => `${type.name}.${name}`);
  });

  expect(undescribed).toEqual([]);
  expect(types.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['AnalyzeDataInput', 'AnalyzeDataOutput', 'SendEmailInput', 'SendEmailOutput']),
  );
  expect([sendEmail, analyzeData].every(({ description }) => description)).toBe(true);
});
