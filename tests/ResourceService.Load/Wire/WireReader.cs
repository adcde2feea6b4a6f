namespace ResourceService.Load.Wire;

/// <summary>
/// Reads the top-level fields of a serialized message one after the other. Parsing whole claims would cost the client more than the server spends
/// on them, and would be measured as the server's slowness.
/// </summary>
internal ref struct WireReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    public int Field { get; private set; }

    /// <summary>Value of a varint field; 0 for other kinds.</summary>
    public ulong Number { get; private set; }

    /// <summary>Content of a length-delimited field; empty for other kinds.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    public bool Read()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }
        var tag = ReadVarint();
        Field = (int)(tag >> 3);
        Number = 0;
        Content = default;
        switch (tag & 7)
        {
            case 0:
                Number = ReadVarint();
                break;
            case 1:
                _rest = _rest[sizeof(ulong)..];
                break;
            case 2:
                var length = (int)ReadVarint();
                Content = _rest[..length];
                _rest = _rest[length..];
                break;
            case 5:
                _rest = _rest[sizeof(uint)..];
                break;
            default:
                throw new InvalidDataException($"An answer of the server has wire type {tag & 7}.");
        }
        return true;
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = _rest[0];
            _rest = _rest[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
        throw new InvalidDataException("An answer of the server has a number longer than 64 bits.");
    }
}
