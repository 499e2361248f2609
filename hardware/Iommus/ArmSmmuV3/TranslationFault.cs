using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Why a request was not translated.</summary>
/// <param name="Code">The event.</param>
/// <param name="Class">What the access was for.</param>
/// <param name="Stage2">A fault of stage 2.</param>
/// <param name="Address">The intermediate address (stage 2), or the address that could not be read.</param>
internal readonly record struct TranslationFault(EventCode Code, EventClass Class = EventClass.ContextDescriptor, bool Stage2 = false, ulong Address = 0)
{
    /// <summary>The event record: each code has its own fields. Source: Arm IHI 0070 section 7.3.</summary>
    public EventRecord Describe(in DmaRequest request)
    {
        var record = new EventRecord
        {
            Code = Code,
            StreamId = request.Stream.Value,
            SubstreamValid = request.HasPasid,
            SubstreamId = request.HasPasid ? request.Pasid : 0,
        };
        return Code switch
        {
            EventCode.SteFetch or EventCode.CdFetch => record with { FetchAddress = Address },
            EventCode.BadAtsTranslationRequest => record with { InputAddress = request.Iova.Value },
            EventCode.TranslatedForbidden => WithAccess(record, request),
            EventCode.WalkExternalAbort => WithAccess(record, request) with { Class = Class, Stage2 = Stage2, FetchAddress = Address },
            >= EventCode.Translation and <= EventCode.Permission => WithAccess(record, request) with
            {
                Class = Class,
                Stage2 = Stage2,
                TableRead = Stage2 && Class == EventClass.TranslationTable,
                IntermediateAddress = Stage2 ? Address : 0,
            },
            _ => record,
        };
    }

    private static EventRecord WithAccess(in EventRecord record, in DmaRequest request) => record with
    {
        InputAddress = request.Iova.Value,
        Read = !request.IsWrite,
        Instruction = !request.IsWrite && (request.Attributes & DmaAttributes.Instruction) != 0,
        Privileged = (request.Attributes & DmaAttributes.Privileged) != 0,
    };
}
