using System.Text;
using Google.Protobuf;

namespace ResourceService.Server.Tests.Telemetry;

/// <summary>The fields of a protobuf message by their numbers, for messages whose definition is not here.</summary>
internal sealed class ProtobufFields
{
    private readonly List<(int Number, ByteString Bytes, ulong Value)> _fields = [];

    public ProtobufFields(ByteString message)
    {
        using var input = message.CreateCodedInput();
        while (input.ReadTag() is var tag and not 0)
        {
            var number = WireFormat.GetTagFieldNumber(tag);
            switch (WireFormat.GetTagWireType(tag))
            {
                case WireFormat.WireType.LengthDelimited:
                    _fields.Add((number, input.ReadBytes(), 0));
                    break;
                case WireFormat.WireType.Varint:
                    _fields.Add((number, ByteString.Empty, input.ReadUInt64()));
                    break;
                case WireFormat.WireType.Fixed64:
                    _fields.Add((number, ByteString.Empty, input.ReadFixed64()));
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
    }

    /// <summary>The messages in a field.</summary>
    public IEnumerable<ProtobufFields> Messages(int number) => Of(number).Select(field => new ProtobufFields(field.Bytes));

    /// <summary>The message in a field, or an empty one.</summary>
    public ProtobufFields Message(int number) => Messages(number).LastOrDefault() ?? new ProtobufFields(ByteString.Empty);

    /// <summary>The text in a field.</summary>
    public string Text(int number) => Encoding.UTF8.GetString(Bytes(number).Span);

    /// <summary>The bytes in a field as hexadecimal digits, as trace ids are written.</summary>
    public string Hex(int number) => Convert.ToHexStringLower(Bytes(number).Span);

    /// <summary>The number in a field.</summary>
    public ulong Number(int number) => Of(number).LastOrDefault().Value;

    /// <summary>Whether the field is there.</summary>
    public bool Has(int number) => Of(number).Any();

    /// <summary>A list of keys with values, as OpenTelemetry writes attributes; numbers as text.</summary>
    public IReadOnlyDictionary<string, string> Attributes(int number) => Messages(number).ToDictionary(
        pair => pair.Text(1),
        pair => Value(pair.Message(2)),
        StringComparer.Ordinal);

    private static string Value(ProtobufFields value) =>
        value.Has(1) ? value.Text(1) : value.Has(5) ? string.Join(' ', value.Message(5).Messages(1).Select(Value)) : value.Number(3).ToString();

    private ByteString Bytes(int number) => Of(number).LastOrDefault().Bytes ?? ByteString.Empty;

    private IEnumerable<(int Number, ByteString Bytes, ulong Value)> Of(int number) => _fields.Where(field => field.Number == number);
}
