import time, random, resource, hashlib
from jusha.management.audit import audit_database, checks
from tests.cast import *
from jusha.inbox.envelopes import Deed
def test_big(house):
    house.furnish(rule=ratio(budget=10**12, person_day_max=5000), pool=10**12)
    rnd=random.Random(1)
    t=time.time()
    n=0
    for b in range(200):
        deeds=[]
        for i in range(5000):
            n+=1
            k=n.to_bytes(8,"big")+hashlib.md5(str(n).encode()).digest()[:8]
            deeds.append(Deed("partner",k,k+k,"CNY",rnd.choice((100,500,2000)),0,rnd.choice((BOOKS,WATER)),"day","",hashlib.md5(str(rnd.randrange(300000)).encode()).digest()))
        house.send(*deeds); house.settle()
    print("settled",n,time.time()-t)
    house.settle_connection.commit()
    t=time.time(); last=[t]
    def p(room,f):
        now=time.time(); print(room,round(now-last[0],1),len(f)); last[0]=now
    f=audit_database(house.web,progress=p)
    print("audit",time.time()-t,len(f),resource.getrusage(resource.RUSAGE_SELF).ru_maxrss//1024,"MB")
