"""Signs: families of wordings, medical and lay, that the red flags are made of."""

from __future__ import annotations

import re

BODY_SIDE = r"(?:arm|leg|hand|face|side|limb|foot)s?"
SUDDEN = r"(?:sudden(?:ly)?|all of a sudden|out of (?:the blue|nowhere)|from nowhere|abrupt(?:ly)?)"

_WORDINGS: dict[str, str] = {
    # chest and heart
    "chest_pain": r"(?:chest|breast ?bone|sternum)[^,]{0,25}\b(?:pain\w*|pressure|tight\w*|hurt\w*"
    r"|ach\w*|discomfort|heav\w+|crush\w*|squeez\w+|burn\w*)|\b(?:pain\w*|pressure|tight\w*|ach\w*"
    r"|discomfort|heav\w+|crush\w+|squeez\w+|weight|elephant|hurts?|stabbing|gripping|vice)\b"
    r"[^.]{0,45}\b(?:chest|breast ?bone|sternum)|\bangina\b|(?:rub|clutch|hold|grab)\w* (?:his|her"
    r"|my|their|the) chest",
    "heart_attack": r"(?:having|have|having had|think|feels like|like) [^,]{0,15}heart attack"
    r"|cardiac arrest",
    "crushing": r"crush\w*|elephant|squeez\w+|heav(?:y|iness)|like a (?:vice|band|weight|ton)"
    r"|tight band|pressure|gripping",
    "lasting": r"\b(?:[1-9]\d|\d{3}) ?min\w*|(?:half|quarter of) (?:an|the|a) ?(?:last )?hour"
    r"|last half hour|half an? hour|\ban hour|\d+ hours?|since (?:this|last|breakfast|lunch|noon"
    r"|morning|yesterday|midnight)|(?:not|isn't|won't|doesn't) (?:going|go|letting|let|eas\w+|settl\w+"
    r"|stop\w*)|all (?:day|morning|night)|at rest|constant|keeps (?:on|coming)",
    "cardiac_company": r"sweat\w*|clammy|\bgr[ea]y\b|\bpale\b|ashen|nause\w*|feel\w* sick|vomit\w*"
    r"|throwing up|breath\w*|faint\w*|light-?headed|jaw|left arm|both arms|down (?:my|the|his|her)"
    r" (?:left )?arm|(?:into|to|in) (?:my|the|his|her) (?:neck|back|shoulder|jaw|throat)|radiat\w+",
    "palpitations": r"palpitation\w*|heart (?:is |keeps |starts? )?(?:jump\w*|flutter\w*|rac\w+"
    r"|pound\w+|skip\w*|irregular|all over)",
    # breathing
    "breathless": r"short(?:ness)? of breath|breathless\w*|out of breath"
    r"|(?:difficult\w*|trouble|hard|struggl\w+|fight\w*|labou?red) ?(?:to |in |with |for |it )*"
    r"(?:breath\w*)|breathing (?:is )?(?:difficult|hard|problem\w*|trouble)"
    r"|(?:can't|cannot|can not|unable to|couldn't) (?:breathe|catch|get (?:my|her|his|enough) "
    r"(?:breath|air))|(?:gasp|pant)\w* for (?:air|breath)|respiratory distress|not getting (?:enough )?"
    r"air|short-?winded|winded",
    "severe_breathing": r"(?:gasp\w*)|(?:can't|cannot|can not|unable to|couldn't|barely) (?:breathe"
    r"|catch|get (?:my|her|his|enough|any) (?:breath|air)|speak|talk|finish|say|complete)"
    r"|lying still|at rest|not breathing|stopped breathing|isn't breathing|gurgl\w+|silent chest"
    r"|\b(?:blue|purple|gr[ea]y)\b[^,]{0,15}\b(?:lips?|face|finger\w*|tongue)"
    r"|\b(?:lips?|face|finger\w*|tongue)\b[^,]{0,20}\b(?:blue|bluish|purple)|respiratory distress"
    r"|fight\w* for (?:air|breath)|suffocat\w+",
    "not_breathing": r"(?:not|stopped|isn't|isnt|barely) breathing|gasp\w+ for (?:air|breath)"
    r"|suffocat\w+|\b(?:lips?|face|tongue)\b[^,]{0,20}\b(?:blue|bluish|purple)"
    r"|\b(?:blue|purple)\b[^,]{0,12}\b(?:lips?|face|tongue)|respiratory (?:distress|arrest)",
    "wheeze": r"wheez\w+|asthma\w*|bronchospasm|tight chest|inhaler|puffer",
    "asthma_fails": r"inhaler (?:does|is|isn't|doesn't|did|didn't|has|hasn't)[^,]{0,20}(?:nothing|not"
    r"|no|help\w*|work\w*)|(?:can't|cannot|unable to|hardly|barely) (?:finish|complete|speak|talk|say)",
    "choking": r"chok(?:e|es|ed|ing) on|is choking|\bchoking\b|went down the wrong (?:way|pipe)"
    r"|stuck in (?:his|her|my|the) (?:throat|windpipe|airway)",
    "cannot_cough": r"(?:can't|cannot|can not|unable to|won't|couldn't) (?:cough|talk|speak|breathe|cry)",
    "stridor": r"stridor|(?:harsh|loud|high-?pitched|crowing|whistling) (?:\w+ )?(?:noise|sound)"
    r"[^,]{0,25}(?:breath|inhal)\w*",
    "sudden": SUDDEN,
    "pleuritic": r"(?:sharp|stabb\w+)?[^,]{0,20}(?:pain|hurts?|stab\w*|catch\w*)[^,]{0,25}(?:breath\w* in"
    r"|breathe|deep breath|inhal\w+)|pleuri\w+",
    "one_leg": r"(?:calf|leg|thigh)[^,]{0,25}(?:swollen|swelling|swell\w*|puffy|red|painful|hot)"
    r"|(?:swollen|swelling|swell\w*|painful|hot|red)[^,]{0,20}(?:calf|leg|thigh)|\bdvt\b",
    "immobile": r"long(?:-haul)? flight|after surgery|after (?:the|an|my) operation|bed-?ridden"
    r"|in plaster|in a cast",
    "coughing_blood": r"(?:cough\w*|bring\w*|spit\w*) (?:up )?(?:bright |fresh |some )?(?:red )?blood"
    r"|haemoptysis|hemoptysis|blood (?:when|as) (?:i|he|she) cough\w*",
    "tearing": r"(?:tear|ripp)ing[^,]{0,40}(?:chest|back|shoulder|abdomen|belly)|(?:chest|back)"
    r"[^,]{0,25}(?:tearing|ripping)",
    # brain
    "face_droop": r"(?:face|mouth|smile|eyelid|cheek)[^,]{0,30}(?:droop\w*|drop\w*|sag\w*|lopsided"
    r"|twisted|crooked|pulled|uneven|fallen|slid\w*|numb)|facial (?:droop\w*|palsy|weakness)"
    r"|(?:droop\w*|crooked|lopsided|uneven)[^,]{0,15}(?:face|mouth|smile)",
    "one_side_weak": rf"(?:can't|cannot|can not|unable to|couldn't) (?:lift|raise|move|use|feel|grip with)"
    rf" (?:my|his|her|the|one|an?) ?(?:left|right|one)? ?{BODY_SIDE}|(?:weak\w*|numb\w*|paraly\w+|dead"
    rf"|heavy|useless|limp)[^,]{{0,30}}\b(?:left|right|one)\b[^,]{{0,12}}\b{BODY_SIDE}\b"
    rf"|\b(?:left|right|one)\b[^,]{{0,12}}\b{BODY_SIDE}\b[^,]{{0,45}}(?:weak\w*|numb\w*|paraly\w+|dead"
    rf"|useless|limp|gone|won't move|doesn't move|gave way)|dropp\w+ things (?:with|from) (?:my|his|her)"
    rf"|arm (?:weakness|drift)|hemiparesis",
    "both_sides": r"\bboth (?:hands|arms|feet|legs)\b",
    "speech": r"slurr\w*|garbl\w*|speech (?:is |has )?(?:odd|gone|strange|difficult\w*|problem\w*|mixed)"
    r"|(?:can't|cannot|unable to|couldn't) (?:find (?:my|his|her|the|any) words|speak|get (?:my|his|her"
    r"|the) words out|talk)|words (?:come|are coming|came) out|(?:talk|speak)\w* (?:gibberish|nonsense)"
    r"|jumbled (?:words|speech)|mumbl\w+|aphasi\w+|stroke symptoms",
    "stroke": r"(?:having|has had|had|think|is|be|it's) [^,]{0,20}\bstroke\b(?!s)",
    "balance": r"loss of balance|lost (?:my|his|her) balance|can't (?:stand|walk) (?:straight|up)"
    r"|stagger\w*|veer\w*|fall\w* to one side",
    "vision": r"double vision|seeing double|blur\w* (?:vision|sight)|(?:vision|sight) (?:is |has |went )?"
    r"(?:blur\w*|gone|double|dim)",
    "vision_loss": r"(?:los[te]|losing|gone|loss of)[^,]{0,20}(?:sight|vision)|(?:sight|vision)[^,]{0,15}"
    r"(?:gone|went|lost|black|disappear\w*)|went blind|(?:can't|cannot) see[^,]{0,15}\beye|curtain",
    "headache": r"head ?ache\w*|pain in (?:my|the|his|her) head|head (?:is )?(?:pound\w*|splitting|hurts"
    r"|kill\w*)|pound\w+ head|migraine|splitting head",
    "worst_headache": r"thunder ?clap|worst (?:head ?ache|pain in (?:my|the) head)|worst[^,]{0,15}head"
    r"|never had (?:such )?a (?:head ?ache|migraine)[^,]{0,10}(?:like|this)?"
    r"|(?:head ?ache|head)[^,]{0,40}(?:like a (?:blow|hammer|bolt|gunshot|kick)|exploded"
    rf"|peaked|within (?:seconds|a minute))|{SUDDEN}[^,]{{0,20}}(?:severe|terrible|violent|awful|"
    rf"agonising|blinding|excruciating)[^,]{{0,10}}head ?ache|(?:hit|struck)[^,]{{0,20}}(?:back of (?:my"
    r"|the|his|her) (?:head|skull))",
    "fever": r"fever\w*|high temp\w*|temperature|chills|shiver\w*|rigors?|burning up|febrile"
    r"|\b(?:39|40|41|38)(?:[.,]\d)?\b ?(?:°|degrees|c\b)?",
    "stiff_neck": r"neck[^,]{0,20}(?:stiff\w*|rigid|won't bend|can't bend)|stiff\w* neck"
    r"|chin to (?:my|his|her) chest|light hurts|photophobi\w+",
    "non_blanching": r"(?:spots?|rash|patches|dots|blotches|marks)[^.]{0,50}(?:don't|doesn't|do not|does"
    r" not|won't|not) (?:fade|disappear|blanch|go (?:away|pale)|vanish)|non-?blanching|purple (?:rash"
    r"|spots?)|glass test|petechia\w*",
    "head_injury": r"(?:hit|bang|knock|bump|struck|crack|smash)\w*[^,]{0,20}\bhead\b|head (?:injury|trauma"
    r"|wound)|fell (?:on|onto)[^,]{0,15}head|(?:blow|knock|kick) to the head",
    "repeated_vomiting": r"(?:vomit\w*|throw\w* up|threw up|been sick|being sick)[^,]{0,25}(?:twice|three"
    r"|four|five|several|times|repeatedly|again and again|over and over|keeps?|since)|keeps? (?:on )?"
    r"(?:vomiting|throwing up|being sick)",
    "vomiting": r"vomit\w*|throw\w* up|threw up|being sick|be sick|been sick|retching",
    "blacked_out": r"pass(?:ed|es|ing)? out|black(?:ed|s|ing)? out|faint(?:ed|s|ing)|collaps\w+|knocked out"
    r"|(?:lost|loss of|losing) consciousness|keeled over|syncope",
    "drowsy": r"drows\w*|(?:hard|difficult|impossible) to (?:wake|rouse)|very sleepy|(?:more and more|"
    r"unusually|so|increasingly) sleepy|lethargic|barely awake|slipping away|can't stay awake",
    "unconscious": r"unconscious\w*|unresponsive|not respond\w*|doesn't respond|won't (?:wake|respond)"
    r"|(?:can't|cannot|couldn't) (?:be )?(?:wake|woken|rouse|wake (?:him|her|them) up)|comatose|lifeless"
    r"|no pulse|no response|not waking|loss of consciousness",
    "confused": r"confus\w+|disorient\w+|muddled|delirious|not making sense|talk\w* nonsense"
    r"|doesn't (?:know|recogni[sz]e) (?:where|who|me|us)|not (?:him|her)self|rambling|incoherent"
    r"|agitated and",
    "seizure": r"seizure\w*|convuls\w+|\bfit(?:s|ting)\b|having a fit|shaking all over|jerking all over"
    r"|epilep\w* (?:attack|fit)|whole body (?:was |is )?(?:jerk|shak)\w+",
    "seizure_grave": r"first(?: ever)?|never (?:had|happened)|still|longer|more than|over [3-9]|"
    r"(?:[5-9]|five|six|seven|eight|\d\d|ten|fifteen|twenty) ?min\w*|two|three|several|another|again|one"
    r" after|repeat\w*|hasn't (?:come|woken)|(?:not|n't) (?:stop|wak|come|recover)\w*|won't stop|right now"
    r"|is having|pregnan\w+|in a row|keeps",
    "blood_thinner": r"blood thinn\w+|warfarin|apixaban|rivaroxaban|dabigatran|edoxaban|heparin"
    r"|anticoagula\w+|xarelto|eliquis|coumadin|marevan",
    # allergy
    "allergen": r"sting|stung|bee|wasp|hornet|peanuts?|nuts?|cashews?|almonds?|walnuts?|prawns?"
    r"|shrimps?|shellfish|crabs?|lobster|sesame|milk|eggs?|kiwi|fish|after (?:eating|taking|the|an?)"
    r"|ate|eaten|eating|antibiotic|penicillin|amoxicillin|ibuprofen|injection|vaccin\w+|new (?:tablet|pill"
    r"|medicine)|allergi\w+|contrast",
    "skin": r"hives|welts|urticaria|\bitch\w*|rash|flush\w*|blotch\w*|nettle\w*",
    "swelling_mouth": r"(?:lips?|tongue|throat|face|mouth|eyes)[^,]{0,25}(?:swell\w*|swollen|puff\w+|"
    r"clos\w+|tight\w*|thick)|(?:swell\w*|swollen|puff\w+|tight\w*|thick)[^,]{0,25}(?:lips?|tongue|throat"
    r"|face|mouth)|throat (?:is |feels )?(?:clos\w+|tight\w*|narrow\w*)|angio-?o?edema",
    "throat_closing": r"throat[^,]{0,15}(?:clos\w+|shut\w*|narrow\w*|tighten\w*)|tongue[^,]{0,15}"
    r"(?:swell\w*|swollen)|(?:swell\w*|swollen)[^,]{0,15}(?:tongue|throat)|anaphyla\w+|epi-?pen",
    "hoarse": r"hoarse\w*|voice (?:has |is |sounds )?(?:gone|changed|odd|different|husky|muffled)"
    r"|(?:hard|difficult\w*|trouble|can't|cannot|painful)[^,]{0,12}swallow\w*|swallow\w*[^,]{0,15}"
    r"(?:hard|difficult|impossible)",
    "gut_severe": r"(?:vomit\w*|throwing up|being sick)[^,]{0,30}(?:again|repeatedly|times|over and over)?"
    r"|severe (?:cramps|stomach pain|belly pain)|doubled over",
    # infection
    "infection": r"infect\w*|pneumonia|sepsis|septic|\buti\b|cellulitis|abscess|fever\w*|chills|rigors?"
    r"|shiver\w*|\bflu\b",
    "septic_sign": r"mottled|ashen|confus\w+|delirious|muddled|disorient\w+|(?:very |really |so )?fast"
    r" breath\w*|breath\w* (?:is |really |very |so |too )*(?:fast|rapid\w*|quick\w*)|(?:rapid|quick)"
    r" breath\w*|(?:hasn't|not|haven't|no) (?:passed|peed|urinated|urine|wee|wet)"
    r"|slurr\w+ speech|skin[^,]{0,20}(?:blue|cold|gr[ea]y|pale)|cold and (?:clammy|shiv\w+)"
    r"|(?:blue|gr[ea]y) (?:skin|lips)|feel(?:s)? like (?:i|he|she)(?:'m| am| is|'s)? (?:going to )?d(?:ie|ying)",
    # bleeding
    "bleeding": r"bleed\w*|blood|haemorrhag\w*|hemorrhag\w*|gush\w*",
    "not_stopping": r"(?:won't|hasn't|doesn't|not|can't|cannot|isn't|didn't|haven't|wouldn't|never)"
    r"[^,]{0,12}stop\w*|(?:still|keeps) (?:bleed|pour|gush|ooz)\w*|pour\w*|spurt\w*|gush\w*|soak\w*"
    r"|pump\w* out|everywhere|heavily|severe(?:ly)? bleed\w*|uncontroll\w*|losing a lot",
    "vomits_blood": r"(?:vomit\w*|throw\w* up|threw up|being sick|brought up|bringing up)[^,]{0,30}"
    r"(?:blood|coffee)|coffee[- ]grounds?|haematemesis",
    "black_stool": r"(?:stools?|poo\w*|faeces|bowel\w*|motions?|toilet)[^,]{0,25}(?:black|tar\w*|blood"
    r"|maroon)|(?:black|tarry|maroon|bloody)[^,]{0,15}(?:stools?|poo\w*|faeces|motions?)|mel[ae]+na",
    "faint_feeling": r"light-?headed|dizz\w*|faint\w*|weak|pass(?:ed|ing)? out|pale|sweat\w*|woozy",
    "soaking_pads": r"soak\w*[^.]{0,30}(?:pads?|towels?|tampons?)|(?:pads?|towels?|tampons?)[^,]{0,20}"
    r"(?:an hour|every (?:\d\d? min\w*|hour|half)|per hour)|clots? (?:the size|as big)",
    # belly and pelvis
    "belly_pain": r"(?:stomach|belly|abdom\w+|tummy|pelvi\w+|side|groin|flank)[^,]{0,30}(?:pain\w*|hurt\w*"
    r"|agony|ache\w*|cramp\w*|sore)|(?:pain\w*|agony|ache|cramp\w*|stabb\w+)[^,]{0,30}(?:stomach|belly"
    r"|abdom\w+|tummy|low (?:on|down)|one side|pelvi\w+|lower (?:left|right))",
    "rigid_belly": r"(?:stomach|belly|abdomen|tummy)[^,]{0,15}(?:hard as|rigid|board|rock|solid|stiff)"
    r"|board-?like|severe (?:abdominal|stomach|belly) pain",
    "maybe_pregnant": r"pregnan\w*|period (?:is |was )?[^,]{0,15}(?:late|overdue|missed)|(?:missed|late) (?:my |a )?"
    r"period|weeks? (?:along|gone)",
    "testicle": r"testic\w*|scrot\w*|\bballs?\b",
    "severe": r"severe|sever\w+|terrible|unbearable|excruciating|agon\w+|intense|awful|violent|worst|"
    r"(?:8|9|10|nine|ten) (?:out of|/) ?(?:10|ten)|screaming|splitting|stabb\w+|very painful",
    "green_vomit": r"(?:green|bil\w+|yellow-green)[^,]{0,12}(?:vomit|fluid|sick|stuff)?|vomit\w*[^,]{0,15}"
    r"(?:green|bil\w+)",
    "infant": r"new-?born|\bbaby\b|infant|\b(?:\d|ten|two|three|four|five|six|eight)[- ](?:day|week|month)"
    r"s?[- ]old|toddler|little one|\bneonate",
    "young_infant": r"new-?born|\b(?:\d|1[0-2]|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    r"[- ](?:day|week)s?[- ]old|\b(?:[12]|one|two)[- ]months?[- ]old|neonate",
    "limp_child": r"floppy|limp\b|(?:won't|not|hard to|refus\w+ to|doesn't|isn't) (?:feed\w*|wake|drink\w*"
    r"|respond\w*)|weak cry|high-pitched cry|just lies there|grunt\w*|ribs? (?:suck|pull|draw|show)\w*"
    r"|suck\w* in (?:of )?(?:the )?ribs|sunken (?:eyes|fontanelle|soft spot)|bulging (?:fontanelle|soft spot)"
    r"|no wet napp\w+|no wet diaper\w*|(?:napp|diaper)\w+[^,]{0,12}dry|staring blankly|mottled",
    # spine
    "back_pain": r"\bback\b|sciatica|spine",
    "saddle": r"numb\w*[^,]{0,25}(?:between (?:my|the|his|her) legs|saddle|groin|buttock\w*|genital\w*"
    r"|bottom|down there|private)|saddle|(?:between (?:my|the) legs|genital\w*|groin|bottom)[^,]{0,15}numb\w*",
    "bladder": r"(?:can't|cannot|can not|unable to|couldn't|haven't been able to) (?:pee|wee|urinate|pass"
    r" (?:urine|water)|hold|go)|wet (?:my|him|her)self|incontinen\w*|soiled|lost control of (?:my|his|her)"
    r" (?:bladder|bowel)\w*|retention|leak\w* urine",
    "both_legs_weak": r"both (?:legs|feet)[^.]{0,40}(?:weak|numb|giving way|gave way)|legs (?:are |have )?"
    r"(?:gone |going |getting )?(?:weak|numb|giving way)|both getting weak",
    # metabolism
    "diabetes": r"diabet\w*|insulin|sugar\w*|glucose|\bdka\b|ketone\w*",
    "dka_sign": r"thirst\w*|deep[^,]{0,12}(?:breath\w*|fast)|breath\w*[^,]{0,10}deep|fruity|pear drops"
    r"|ketones? (?:are |is |of )?(?:high|[3-9])|(?:very|so) dry|drows\w*|confus\w+",
    "hypo": r"(?:sugar|glucose|bm)s?[^.]{0,20}(?:\b[012][.,]\d|under three|below three|very low|lo\b)"
    r"|hypo(?:glyc\w+)?\b[^.]{0,40}(?:not|won't|doesn't|isn't|again)",
    "very_high_sugar": r"(?:meter|sugar|glucose)[^.]{0,25}(?:reads? hi\b|above (?:30|thirty)|\b[3-9]\d\b)",
    # self harm and poisons
    "suicidal": r"kill (?:my|him|her)self|end (?:it|my life|everything)(?: all)?|suicid\w+|take my (?:own )?"
    r"life|don't want to (?:live|be alive|wake up)|want to die|better off dead|hang (?:my|him|her)self"
    r"|not (?:want )?to be here any ?more|jump (?:off|in front)|slit my|hurting myself|harm(?:ing)? myself",
    "overdose": r"overdos\w+|\b(?:took|taken|swallow\w*|ate)\b[^,]{0,25}\b(?:[1-9]\d|whole (?:box|packet"
    r"|bottle|strip)|all (?:of )?(?:the|my|his|her)|too many|handful|(?:twenty|thirty|forty|fifty|dozens?))"
    r"\b[^,]{0,25}(?:tablet|pill|capsule|paracetamol|acetaminophen|ibuprofen|aspirin|sleep|antidepress|dose"
    r"|insulin)?\w*|double the dose of (?:insulin|digoxin|warfarin|methotrexate)",
    "poison": r"(?:drank|drunk|drink|swallow\w*|ate|eaten|ingest\w+|licked|inhaled)[^,]{0,30}(?:bleach"
    r"|cleaner|antifreeze|battery|batteries|magnets?|petrol|pesticide|rat poison|weed ?killer|berries"
    r"|mushrooms?|detergent|drain|acid|paint thinner|turpentine|lamp oil|dishwasher|descaler)|poison(?:ed|ing)"
    r"|carbon monoxide|\bco alarm",
    "several_people": r"(?:everybody|everyone|all of us|both of us|the whole (?:family|house|flat)|we all|"
    r"whole household|family members|my (?:wife|husband|kids|children) (?:too|as well|also))",
    "fumes": r"stove|heater|boiler|generator|barbecue|charcoal|chimney|fireplace|fumes|gas|exhaust|flat|house",
    # pregnancy
    "preeclampsia_sign": r"flash\w* (?:lights?)?|visual|spots before|blur\w*|seeing (?:stars|spots)|under (?:my"
    r"|the|her) ribs|epigastric|upper (?:belly|stomach|abdomen)|swollen (?:face|hands)",
    "waters_broke": r"waters? (?:have |has |just )?(?:broke\w*|gone|went)|ruptured membranes|leaking (?:fluid"
    r"|water)",
    "no_movement": r"(?:haven't|have not|not|hasn't|stopped|no|less|fewer|can't|barely)[^,]{0,20}(?:felt|feel"
    r"|feeling|mov\w*|kick\w*)[^,]{0,25}(?:baby|mov\w*|kick\w*)?|baby[^,]{0,25}(?:hasn't|not|stopped|less"
    r"|barely)[^,]{0,12}(?:mov|kick)\w*|reduced movements?",
    # eye, burns, heat, electricity
    "eye": r"\beyes?\b",
    "chemical": r"bleach|cleaner|acid|alkali|lime|cement|ammonia|chemical\w*|solvent|caustic|lye|detergent",
    "splash": r"splash\w*|spray\w*|squirt\w*|spill\w*|got (?:some )?\w*[^,]{0,20}in(?:to)? (?:my|his|her)"
    r" eyes?",
    "glaucoma_sign": r"halos?|rainbow\w*|haloes|rings? (?:a)?round (?:the )?l(?:amps?|ights?)",
    "painful": r"pain\w*|hurts?|ach\w+|sore|burn\w*",
    "burn": r"burn(?:s|ed|t)?\b|scald\w*",
    "burn_grave": r"face|airway|soot|hoarse|mouth|whole (?:arm|leg|back|chest)|large|all (?:round|around)"
    r"|genital\w*|blister\w* all|chest and|both (?:arms|legs|hands)|house fire|explosion|white and (?:numb|leathery)",
    "electric": r"electr\w+ shock|electrocut\w+|shock from the mains|struck by lightning|high voltage",
    "heat": r"heat ?stroke|(?:sun|heat|sauna|hot (?:day|car|roof)|marathon)",
    "very_hot": r"\b4[01](?:[.,]\d)?\b",
    "herb_toxic": r"aconit\w*|monks ?hood|chuan ?wu|cao ?wu|fu ?zi|附子|川乌|草乌|oleander|foxglove|chan ?su",
    "numb_mouth": r"(?:tongue|mouth|lips?)[^,]{0,20}(?:numb\w*|tingl\w*)|(?:numb\w*|tingl\w*)[^,]{0,20}"
    r"(?:tongue|mouth|lips?)",
    "herb_liver": r"he ?shou ?wu|何首乌|polygonum|kava|lei gong teng|雷公藤|chaparral|green tea extract"
    r"|herb\w*|supplement\w*",
    "jaundice": r"jaundice\w*|(?:eyes?|skin)[^,]{0,20}yellow|yellow (?:eyes?|skin)|(?:dark|brown|cola|tea-?"
    r"colou?red)[^,]{0,15}urine|urine[^,]{0,20}(?:dark|brown|cola|tea)",
    "collapse": r"collaps\w+",
    "bp_word": r"\bbp\b|blood pressure|pressure (?:is|of|reads?)",
    "bp_crisis": r"\b(?:1[89]\d|2\d\d) ?(?:/|over) ?\d{2,3}",
    "trauma": r"(?:hit|run over|knocked down) by a (?:car|bus|truck|lorry|van)|(?:shot|stabbed)\b(?! in the arm by)"
    r"|fell from (?:the |a )?(?:roof|balcony|second|third|height)|severe trauma|impaled|amputat\w+"
    r"|bone (?:is )?(?:sticking|poking) out|crushed (?:by|under)",
    "drowning": r"drown\w*|pulled (?:him|her|them) (?:out of|from) the (?:pool|water|lake|sea)",
}

SIGNS = {name: re.compile(rf"(?<!\w)(?:{wording})") for name, wording in _WORDINGS.items()}
