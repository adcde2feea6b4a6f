using System.Buffers;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Checks the fields of one request and gathers every violation: field, rule and value, in words for the caller. The reading methods return
/// the field's meaning, or a harmless stand-in after a violation.
/// </summary>
internal sealed class FieldViolations
{
    /// <summary>The most violations told; a request with more is told the first.</summary>
    private const int Max = 100;

    // What is shown of a value that breaks a rule.
    private const int ShownMax = 64;

    // The longest field and rule told; a field may contain the key of a map, which is the caller's.
    private const int FieldLengthMax = 200;

    /// <summary>The longest id.</summary>
    public const int IdLengthMax = 255;

    /// <summary>The longest reason given for people.</summary>
    public const int ReasonLengthMax = 1024;

    private static readonly SearchValues<char> _idCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    private static readonly SearchValues<char> _traitCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    // What ends a line, turns the order of what follows it around, or is not seen at all, in a terminal or an editor: control characters, line and
    // paragraph separators, the marks, embeddings, overrides and isolates of bidirectional text, and characters without a width. Letters of every script,
    // and joiners, are text.
    private static readonly SearchValues<char> _disruptive = SearchValues.Create(
    [
        .. Enumerable.Range(0, 0xa0).Select(code => (char)code).Where(char.IsControl),
        '\u061c', '\u200e', '\u200f', '\u2028', '\u2029',
        '\u202a', '\u202b', '\u202c', '\u202d', '\u202e',
        '\u2066', '\u2067', '\u2068', '\u2069',
        '\u00ad', '\u180e', '\u200b', '\u2060', '\u2061', '\u2062', '\u2063', '\u2064', '\u206a', '\u206b', '\u206c', '\u206d', '\u206e', '\u206f',
        '\ufeff', '\ufff9', '\ufffa', '\ufffb', '\ufffe', '\uffff',
        // Plane 14: tags and further variation selectors. A string has its characters in two halves, of which this is the first.
        '\udb40',
    ]);

    private List<BadRequest.Types.FieldViolation>? _violations;

    // Where in the request the fields named now are, outermost first; spelled out only for a violation.
    private List<(string Field, int Index)>? _path;

    /// <summary>Whether nothing broke a rule so far.</summary>
    public bool None => _violations is null;

    /// <summary>What broke a rule.</summary>
    public IReadOnlyList<BadRequest.Types.FieldViolation> All => _violations ?? [];

    /// <summary>Throws INVALID_ARGUMENT with all violations when there is one.</summary>
    public void ThrowIfAny()
    {
        if (_violations is not null)
            throw RpcErrors.InvalidFields(_violations).ToException();
    }

    /// <summary>The fields named from here on are inside this one, until <see cref="Leave"/>.</summary>
    /// <param name="field">A message field.</param>
    /// <param name="index">The place in the list, for an element of a repeated field.</param>
    public void Enter(string field, int index = -1) => (_path ??= new List<(string, int)>(4)).Add((field, index));

    /// <summary>Ends the innermost <see cref="Enter"/>.</summary>
    public void Leave() => _path!.RemoveAt(_path.Count - 1);

    /// <summary>Notes a violation.</summary>
    public void Add(string field, string rule)
    {
        _violations ??= [];
        if (_violations.Count < Max)
            _violations.Add(new BadRequest.Types.FieldViolation { Field = Show(PathOf(field), FieldLengthMax), Description = Show(rule, FieldLengthMax) });
    }

    /// <summary>Notes a violation by a value.</summary>
    public void Add(string field, string value, string rule) => Add(field, $"'{Show(value)}' {rule}");

    /// <summary>An id that must be there.</summary>
    public string RequiredId(string field, string value)
    {
        if (value.Length == 0)
            Add(field, "must be set");
        return OptionalId(field, value);
    }

    /// <summary>An id that may be empty.</summary>
    public string OptionalId(string field, string value)
    {
        if (value.Length > IdLengthMax)
            Add(field, $"has {value.Length} characters; at most {IdLengthMax} are allowed");
        else if (value.AsSpan().ContainsAnyExcept(_idCharacters))
            Add(field, value, "has other characters than letters, digits, '.', '_', ':' and '-'");
        return value;
    }

    /// <summary>A claim's id.</summary>
    public ClaimId RequiredClaimId(string field, string value)
    {
        if (value.Length == 0)
            Add(field, "must be set");
        else if (!ClaimId.TryParse(value, out var id))
            Add(field, value, "is not a claim id of this service");
        else
            return id;
        return default;
    }

    /// <summary>A move's id.</summary>
    public MigrationId RequiredMigrationId(string field, string value)
    {
        if (value.Length == 0)
            Add(field, "must be set");
        else if (!MigrationId.TryParse(value, out var id))
            Add(field, value, "is not a migration id of this service");
        else
            return id;
        return default;
    }

    /// <summary>An audit's id.</summary>
    public AuditId RequiredAuditId(string field, string value)
    {
        if (value.Length == 0)
            Add(field, "must be set");
        else if (!AuditId.TryParse(value, out var id))
            Add(field, value, "is not an audit id of this service");
        else
            return id;
        return default;
    }

    /// <summary>A request's id: a UUID, or empty.</summary>
    public Guid? RequestId(string field, string value, bool required = false)
    {
        if (value.Length == 0)
        {
            if (required)
                Add(field, "must be set");
            return null;
        }

        if (Guid.TryParseExact(value, "D", out var id))
            return id;
        Add(field, value, "is not a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        return null;
    }

    /// <summary>Text that may not break or disguise a log line, at most so long.</summary>
    public string Text(string field, string value, int lengthMax = IdLengthMax)
    {
        if (value.Length > lengthMax)
            Add(field, $"has {value.Length} characters; at most {lengthMax} are allowed");
        else if (value.AsSpan().ContainsAny(_disruptive))
            Add(field, value, "has control characters, line separators, marks of text direction or characters that are not seen");
        return value;
    }

    /// <summary>A number between two others.</summary>
    public long Between(string field, long value, long least, long most)
    {
        if (value < least || value > most)
            Add(field, $"is {value}; must be {least} to {most}");
        return value;
    }

    /// <summary>A list that may have at most so many elements.</summary>
    public void CountAtMost(string field, int count, int most)
    {
        if (count > most)
            Add(field, $"has {count} elements; at most {most} are allowed");
    }

    /// <summary>A trait's name.</summary>
    public void Trait(string field, string value)
    {
        if (value.Length is 0 or > ResourceClass.NameLengthMax || value.AsSpan().ContainsAnyExcept(_traitCharacters))
            Add(field, value, "is not a trait: A to Z, digits and '_', 1 to 255 characters");
    }

    /// <summary>A PCI vendor or product.</summary>
    public void PciId(string field, string value)
    {
        if (value.Length != 4 || !value.All(char.IsAsciiHexDigit))
            Add(field, value, "is not four hexadecimal digits");
    }

    /// <summary>A known value of an enum, or UNSPECIFIED where that is allowed.</summary>
    public T Enum<T>(string field, T value, bool required)
        where T : struct, System.Enum
    {
        if (!System.Enum.IsDefined(value))
            Add(field, $"{value} is not a value of this field");
        else if (required && EqualityComparer<T>.Default.Equals(value, default))
            Add(field, "must be set");
        return value;
    }

    /// <summary>A generation: 0 or more, or unset.</summary>
    public long? Generation(string field, bool isSet, long value)
    {
        if (!isSet)
            return null;
        if (value < 0)
            Add(field, $"is {value}; must be 0 or more");
        return value;
    }

    /// <summary>A lease: 1 second to 24 hours, 10 minutes when unset.</summary>
    public TimeSpan Lease(string field, Duration? value)
    {
        var standard = TimeSpan.FromMinutes(10);
        if (value is null)
            return standard;
        // Compared by parts: a Duration may hold more than a TimeSpan, and finer.
        var wellFormed = value.Nanos is >= 0 and <= 999_999_999;
        var secondsMax = (long)LeaseRules.SpanMax.TotalSeconds;
        if (wellFormed && value.Seconds >= 1 && (value.Seconds < secondsMax || (value.Seconds == secondsMax && value.Nanos == 0)))
            return value.ToTimeSpan();
        Add(field, $"is {value.Seconds}.{value.Nanos:d9} seconds; must be 1 second to 24 hours");
        return standard;
    }

    /// <summary>A point in time, or unset.</summary>
    public Instant? Time(string field, Timestamp? value)
    {
        if (value is null)
            return null;
        if (value.Nanos is >= 0 and <= 999_999_999 && value.Seconds is >= -62_135_596_800 and <= 253_402_300_799)
            return new Instant(checked((value.Seconds * 1000) + (value.Nanos / 1_000_000)));
        Add(field, $"has {value.Seconds} seconds and {value.Nanos} nanoseconds; must be a time between the years 1 and 9999");
        return null;
    }

    /// <summary>A span of time, in the fields <c>start_time</c> and <c>end_time</c>; either may be unset.</summary>
    public (Instant? Start, Instant? End) TimeRange(Timestamp? start, Timestamp? end)
    {
        var range = (Start: Time("start_time", start), End: Time("end_time", end));
        if (range is { Start: not null, End: not null } && end < start)
            Add("end_time", $"is {end}; must not be before start_time, {start}");
        return range;
    }

    /// <summary>A page's size: 100 when 0, at most 1000.</summary>
    public int PageSize(string field, int value)
    {
        if (value == 0)
            return 100;
        Between(field, value, 1, 1000);
        return Math.Clamp(value, 1, 1000);
    }

    private string PathOf(string field)
    {
        if (_path is null)
            return field;
        var path = new StringBuilder();
        foreach (var (outer, index) in _path)
        {
            path.Append(outer);
            if (index >= 0)
                path.Append('[').Append(index).Append(']');
            path.Append('.');
        }

        return path.Append(field).ToString();
    }

    /// <summary>A value for an error text: short, and nothing in it breaks a log line.</summary>
    public static string Show(string value, int lengthMax = ShownMax)
    {
        var shown = value.Length <= lengthMax ? value : value[..lengthMax] + "...";
        return string.Concat(shown.Select(character => _disruptive.Contains(character) || char.IsSurrogate(character) ? '?' : character));
    }
}
