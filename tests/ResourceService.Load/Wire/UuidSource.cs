namespace ResourceService.Load.Wire;

/// <summary>
/// Writes unique version 4 UUIDs as text, without allocating. The 64 leading random-looking bits are a bijection of a counter, so that ids neither
/// repeat nor arrive sorted (sorted ids would flatter the indexes of the store); the last 12 digits carry a slot, by which a stream finds
/// the request that an answer belongs to without a dictionary.
/// </summary>
/// <example>slot 7: 3f0c9ad21b7e-46a1-8d00-000000000007 with dashes in the usual places.</example>
internal sealed class UuidSource
{
    public const int Length = 36;

    private const int SlotDigits = 12;
    private ulong _counter = RunId.NextRange();

    public void Write(Span<byte> text, long slot)
    {
        var bits = RandomSequence.Mix(_counter++);
        WriteHex(text[..8], bits >> 32);
        text[8] = (byte)'-';
        WriteHex(text.Slice(9, 4), bits >> 16);
        text[13] = (byte)'-';
        text[14] = (byte)'4';
        WriteHex(text.Slice(15, 3), bits >> 4);
        text[18] = (byte)'-';
        text[19] = (byte)'8';
        WriteHex(text.Slice(20, 3), bits << 8);
        text[23] = (byte)'-';
        WriteHex(text.Slice(24, SlotDigits), (ulong)slot);
    }

    public static long ReadSlot(ReadOnlySpan<byte> text)
    {
        long slot = 0;
        foreach (var digit in text.Slice(Length - SlotDigits, SlotDigits))
        {
            slot = (slot << 4) | (uint)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }
        return slot;
    }

    private static void WriteHex(Span<byte> digits, ulong value)
    {
        for (var i = digits.Length - 1; i >= 0; i--)
        {
            digits[i] = "0123456789abcdef"u8[(int)(value & 15)];
            value >>= 4;
        }
    }
}
