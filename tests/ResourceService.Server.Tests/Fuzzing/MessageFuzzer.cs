using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace ResourceService.Server.Tests.Fuzzing;

/// <summary>
/// Makes messages of any type at random: valid, nearly valid and absurd values side by side, in every field that the descriptor knows, so that a new
/// field is fuzzed from its first day. Its randomness comes from one seed.
/// </summary>
internal sealed class MessageFuzzer(Random random)
{
    private const int DepthMax = 5;

    // A few names, so that messages meet the same nodes, instances and requests again.
    private static readonly string[] _texts =
    [
        "", "fuzz-1", "fuzz-2", "fuzz-3", "c-1-1", "c-2-3", "m-1-1", "a-1", "VCPU", "MEMORY_MB", "CUSTOM_A", "HW_CPU_X86_AVX2", "0000:3b:00.0",
        "8086", "00000000-0000-4000-8000-000000000001", "{}", "' OR 1=1 --", "\0", "line\r\nbreak", "\u202eevil", "日本語", "%s%n", "../../etc/passwd",
    ];

    private static readonly long[] _numbers =
        [0, 1, 2, 3, -1, 4, 1000, 1001, 2048, 8191, 8192, int.MaxValue, int.MinValue, (long)int.MaxValue + 1, long.MaxValue, long.MinValue];

    private static readonly double[] _fractions = [0, 1, 0.0001, 1.5, 16, 1e308, -1, double.NaN, double.PositiveInfinity, double.Epsilon];

    public IMessage Message(MessageDescriptor type, int depth = 0)
    {
        var message = type.Parser.ParseFrom(ByteString.Empty);
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            // Deep down most fields stay unset, or a message would never end.
            if (random.Next(depth + 2) > 1 || (depth >= DepthMax && field.FieldType == FieldType.Message))
                continue;
            if (field.IsMap)
                FillMap((System.Collections.IDictionary)field.Accessor.GetValue(message), field, depth);
            else if (field.IsRepeated)
                FillList((System.Collections.IList)field.Accessor.GetValue(message), field, depth);
            else
                field.Accessor.SetValue(message, Value(field, depth));
        }

        return message;
    }

    /// <summary>Bytes with some of them changed, cut out, doubled or torn off.</summary>
    public byte[] Mutate(byte[] bytes)
    {
        var mutated = new List<byte>(bytes);
        for (var changes = 1 + random.Next(4); changes > 0; changes--)
        {
            var place = random.Next(mutated.Count + 1);
            switch (random.Next(4))
            {
                case 0 when place < mutated.Count:
                    mutated[place] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    mutated.InsertRange(place, RandomBytes(random.Next(12)));
                    break;
                case 2:
                    mutated.RemoveRange(place, Math.Min(random.Next(12), mutated.Count - place));
                    break;
                default:
                    mutated.RemoveRange(place, mutated.Count - place);
                    break;
            }
        }

        return [.. mutated];
    }

    /// <summary>Bytes without any sense.</summary>
    public byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private void FillMap(System.Collections.IDictionary map, FieldDescriptor field, int depth)
    {
        var (key, value) = (field.MessageType.FindFieldByNumber(1), field.MessageType.FindFieldByNumber(2));
        for (var count = Count(depth); count > 0; count--)
            map[Value(key, depth)] = Value(value, depth + 1);
    }

    private void FillList(System.Collections.IList list, FieldDescriptor field, int depth)
    {
        for (var count = Count(depth); count > 0; count--)
            list.Add(Value(field, depth));
    }

    // Mostly few; now and then, and not deep down, more than any limit.
    private int Count(int depth) => depth < 2 && random.Next(100) == 0 ? 1_100 : random.Next(4);

    private object Value(FieldDescriptor field, int depth) => field.FieldType switch
    {
        FieldType.Message => Message(field.MessageType, depth + 1),
        FieldType.String => Text(),
        FieldType.Bytes => ByteString.CopyFrom(RandomBytes(random.Next(40))),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Double => Pick(_fractions),
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, random.Next(8) == 0 ? random.Next() : random.Next(6)),
        FieldType.Int32 => unchecked((int)Pick(_numbers)),
        FieldType.Int64 => Pick(_numbers),
        _ => throw new InvalidOperationException($"{field.FullName} has a type that is not fuzzed yet: {field.FieldType}."),
    };

    private string Text() => random.Next(60) switch
    {
        0 => new string('a', 300),
        1 => new string('x', 20_000),
        2 => Encoding.Latin1.GetString(RandomBytes(random.Next(20))),
        _ => Pick(_texts),
    };

    private T Pick<T>(T[] values) => values[random.Next(values.Length)];
}
